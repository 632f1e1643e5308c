using Microsoft.EntityFrameworkCore;
using Npgsql;
using ReliableMq.Handling;

namespace ReliableMq.Tests.Handling;

public sealed class HandlingScopeTests
{
    [Fact]
    public async Task A_handler_may_not_end_the_transaction_of_its_message()
    {
        using var own = new OrdersDb(new DbContextOptions<OrdersDb>());
        using var other = new OrdersDb(new DbContextOptions<OrdersDb>());
        using var handling = Of(own);
        await handling.RunAsync(() =>
        {
            Should.Throw<PermanentFailureException>(() => HandlingScope.RefuseToEnd(own)).Message.ShouldBe(
                "The handler \"Shop.Handlers.Handle\" tried to commit or roll back the transaction in which its message is handled. It is committed after the handler; throw to have it rolled back.");
            HandlingScope.RefuseToEnd(other);
            HandlingScope.RefuseToEnd(null);
            return default;
        });

        HandlingScope.RefuseToEnd(own);
    }

    [Fact]
    public async Task A_handler_adds_messages_in_its_own_transaction_only()
    {
        using var connection = new NpgsqlConnection();
        using var other = new NpgsqlConnection();
        using var context = new OrdersDb(new DbContextOptions<OrdersDb>());
        using var handling = new HandlingScope(null, null, connection, "m-1", null, "Shop.Handlers.Handle");
        await handling.RunAsync(() =>
        {
            Should.Throw<ReliableMqException>(() => HandlingScope.Current!.RefuseOther(other, "The message \"a.b\"")).Message.ShouldBe(
                "The message \"a.b\" was added in another transaction than the one in which \"Shop.Handlers.Handle\" handles, so it could be sent although the handling fails. Add it with IOutbox in the transaction of the handler's MessageContext.");
            Should.Throw<ReliableMqException>(() => HandlingScope.Current!.RefuseOther(context)).Message.ShouldBe(
                "A message was added to another \"OrdersDb\" than the one in whose transaction \"Shop.Handlers.Handle\" handles, so it could be sent although the handling fails. Add it with IOutbox in the transaction of the handler's MessageContext.");
            HandlingScope.Current!.RefuseOther(connection, "The message \"a.b\"");
            return default;
        });
    }

    [Fact]
    public async Task A_handler_without_an_inbox_adds_messages_where_it_likes()
    {
        using var connection = new NpgsqlConnection();
        using var context = new OrdersDb(new DbContextOptions<OrdersDb>());
        using var handling = new HandlingScope(null, null, null, "m-1", null, "Shop.Handlers.Handle");
        await handling.RunAsync(() =>
        {
            HandlingScope.Current!.RefuseOther(connection, "The message \"a.b\"");
            HandlingScope.Current!.RefuseOther(context);
            return default;
        });
    }

    [Fact]
    public async Task What_a_handler_left_running_is_no_part_of_it()
    {
        using var context = new OrdersDb(new DbContextOptions<OrdersDb>());
        var started = new TaskCompletionSource();
        var ended = new TaskCompletionSource();
        var seen = new List<string?>();
        Task? left = null;
        var handling = Of(context);
        await handling.RunAsync(() =>
        {
            left = Task.Run(async () =>
            {
                seen.Add(HandlingScope.Current?.MessageId);
                started.SetResult();
                await ended.Task;
                seen.Add(HandlingScope.Current?.MessageId);
            });
            return default;
        });
        await started.Task;
        handling.Dispose();
        ended.SetResult();
        await left!;

        seen.ShouldBe(["m-1", null]);
    }

    [Fact]
    public async Task Each_flow_of_control_handles_its_own_message()
    {
        using var context = new OrdersDb(new DbContextOptions<OrdersDb>());

        var seen = await Task.WhenAll(Enumerable.Range(0, 20).Select(async i =>
        {
            string? inside = null;
            using var handling = new HandlingScope(null, context, null, $"{i}", null, "Shop.Handlers.Handle");
            await handling.RunAsync(async () =>
            {
                await Task.Yield();
                inside = HandlingScope.Current?.MessageId;
            });
            HandlingScope.Current.ShouldBeNull();
            return inside;
        }));

        seen.ShouldBe(Enumerable.Range(0, 20).Select(i => $"{i}"));
    }

    private static HandlingScope Of(DbContext context) => new(null, context, null, "m-1", null, "Shop.Handlers.Handle");
}

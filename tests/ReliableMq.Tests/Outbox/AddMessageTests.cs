using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using ReliableMq.Handling;
using ReliableMq.Outbox;
using ReliableMq.TestSupport;

namespace ReliableMq.Tests.Outbox;

public sealed class AddMessageTests
{
    private static readonly OrderPlaced Order = new(Guid.Empty, 12.5m);

    [Fact]
    public void A_context_without_an_outbox_refuses()
    {
        using var context = new OrdersDb(new DbContextOptionsBuilder<OrdersDb>().UseNpgsql(Outboxes.NoDatabase).Options);

        Should.Throw<ReliableMqException>(() => context.AddMessage(Order)).Message.ShouldBe(
            "The context \"OrdersDb\" has no outbox. Call AddReliableMq(…).AddOutbox<OrdersDb>() where the services are registered, and take the context from them.");
    }

    [Fact]
    public void Nothing_is_no_message_and_no_context()
    {
        using var context = new OrdersDb(new DbContextOptionsBuilder<OrdersDb>().UseNpgsql(Outboxes.NoDatabase).Options);

        Should.Throw<ArgumentNullException>(() => context.AddMessage(null!)).ParamName.ShouldBe("message");
        Should.Throw<ArgumentNullException>(() => ((DbContext)null!).AddMessage(Order)).ParamName.ShouldBe("context");
    }

    [Fact]
    public void A_context_with_an_outbox_keeps_the_message_until_it_is_saved()
    {
        using var host = Outboxes.Host();
        using var scope = host.Services.CreateScope();
        var context = scope.ServiceProvider.GetRequiredService<OrdersDb>();

        context.AddMessage(Order, new MessageOptions { MessageId = "m-1" });

        var staged = OutboxOptionsExtension.Find(context)!;
        staged.HasUnwritten().ShouldBeTrue();
        staged.TakeUnwritten().ShouldHaveSingleItem().MessageId.ShouldBe("m-1");
        staged.HasUnwritten().ShouldBeFalse();
    }

    [Fact]
    public void A_message_that_is_refused_is_not_kept()
    {
        using var host = Outboxes.Host();
        using var scope = host.Services.CreateScope();
        var context = scope.ServiceProvider.GetRequiredService<OrdersDb>();

        Should.Throw<ReliableMqException>(() => context.AddMessage("no message"));

        OutboxOptionsExtension.Find(context)!.HasUnwritten().ShouldBeFalse();
    }

    [Fact]
    public void A_message_is_serialized_when_it_is_added()
    {
        using var host = Outboxes.Host();
        using var scope = host.Services.CreateScope();
        var context = scope.ServiceProvider.GetRequiredService<OrdersDb>();
        var changing = new Changing { Text = "before" };

        context.AddMessage(changing);
        changing.Text = "after";

        OutboxOptionsExtension.Find(context)!.TakeUnwritten().ShouldHaveSingleItem().Body.ShouldBe("{\"text\":\"before\"}"u8.ToArray());
    }

    [Fact]
    public void Contexts_keep_their_messages_apart()
    {
        using var host = Outboxes.Host();
        using var one = host.Services.CreateScope();
        using var other = host.Services.CreateScope();

        one.ServiceProvider.GetRequiredService<OrdersDb>().AddMessage(Order);

        OutboxOptionsExtension.Find(other.ServiceProvider.GetRequiredService<OrdersDb>())!.HasUnwritten().ShouldBeFalse();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Messages_that_are_never_saved_are_told_and_forgotten(bool pooled)
    {
        var logs = new CapturingLoggerProvider();
        using var host = Outboxes.Host(logs, pooled);
        using (var scope = host.Services.CreateScope())
        {
            var context = scope.ServiceProvider.GetRequiredService<OrdersDb>();
            context.AddMessage(Order);
            context.AddMessage(Order);
            context.AddMessage(new Changing());
        }

        logs.AtLeast(LogLevel.Warning).Select(entry => $"{entry.EventId.Id} {entry.Message}").ShouldBe([
            "1001 2 message(s) \"orders.order-placed.v1\" were added to a \"OrdersDb\" but never saved, so they will not be sent. Call SaveChanges after AddMessage.",
            "1001 1 message(s) \"orders.changing.v1\" were added to a \"OrdersDb\" but never saved, so they will not be sent. Call SaveChanges after AddMessage.",
        ]);
        using var next = host.Services.CreateScope();
        OutboxOptionsExtension.Find(next.ServiceProvider.GetRequiredService<OrdersDb>())!.HasUnwritten().ShouldBeFalse();
    }

    [Fact]
    public void Clearing_the_change_tracker_takes_messages_along()
    {
        using var host = Outboxes.Host();
        using var scope = host.Services.CreateScope();
        var context = scope.ServiceProvider.GetRequiredService<OrdersDb>();
        context.AddMessage(Order);

        context.ChangeTracker.Clear();

        OutboxOptionsExtension.Find(context)!.HasUnwritten().ShouldBeFalse();
    }

    [Fact]
    public async Task A_save_that_could_part_rows_and_messages_is_refused()
    {
        using var host = Outboxes.Host();
        using var scope = host.Services.CreateScope();
        var context = scope.ServiceProvider.GetRequiredService<OrdersDb>();
        context.Database.AutoTransactionBehavior = AutoTransactionBehavior.Never;
        context.AddMessage(Order);

        const string refusal = "\"OrdersDb\" has messages to save, but its AutoTransactionBehavior is \"Never\" and there is no transaction: rows and messages would not be saved together. Begin a transaction, or use \"WhenNeeded\".";
        Should.Throw<ReliableMqException>(() => context.SaveChanges()).Message.ShouldBe(refusal);
        (await Should.ThrowAsync<ReliableMqException>(() => context.SaveChangesAsync())).Message.ShouldBe(refusal);
        OutboxOptionsExtension.Find(context)!.HasUnwritten().ShouldBeTrue("it can be saved in a transaction now");
    }

    [Fact]
    public async Task While_handling_only_the_handlers_own_context_takes_messages()
    {
        using var host = Outboxes.Host();
        using var handlers = host.Services.CreateScope();
        using var another = host.Services.CreateScope();
        var own = handlers.ServiceProvider.GetRequiredService<OrdersDb>();
        var foreign = another.ServiceProvider.GetRequiredService<OrdersDb>();
        using var handling = new HandlingScope(null, own, null, "m-1", null, "Shop.Handlers.Handle");
        await handling.RunAsync(() =>
        {
            Should.Throw<ReliableMqException>(() => foreign.AddMessage(Order)).Message.ShouldBe(
                "A message was added to another \"OrdersDb\" than the one in whose transaction \"Shop.Handlers.Handle\" handles, so it could be sent although the handling fails. Add it to the context that is injected into the handler.");
            own.AddMessage(Order);
            return default;
        });

        OutboxOptionsExtension.Find(own)!.HasUnwritten().ShouldBeTrue();
        OutboxOptionsExtension.Find(foreign)!.HasUnwritten().ShouldBeFalse();
    }

    [Fact]
    public void Two_hosts_in_one_process_share_nothing()
    {
        using var one = Outboxes.Host(maxBytes: 10);
        using var other = Outboxes.Host();
        using var small = one.Services.CreateScope();
        using var large = other.Services.CreateScope();

        large.ServiceProvider.GetRequiredService<OrdersDb>().AddMessage(Order);
        Should.Throw<ReliableMqException>(() => small.ServiceProvider.GetRequiredService<OrdersDb>().AddMessage(Order))
            .Message.ShouldContain("more than the 10 allowed");
    }

    [Message("orders.changing.v1")]
    private sealed class Changing
    {
        public string? Text { get; set; }
    }
}

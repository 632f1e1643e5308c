using Microsoft.EntityFrameworkCore;
using ReliableMq.Handling;

namespace ReliableMq.Tests.Handling;

public sealed class HandlingScopeTests
{
    [Fact]
    public void A_handler_may_not_end_the_transaction_of_its_message()
    {
        using var own = new OrdersDb(new DbContextOptions<OrdersDb>());
        using var other = new OrdersDb(new DbContextOptions<OrdersDb>());
        HandlingScope.Current = new HandlingScope(own, "m-1", null, "Shop.Handlers.Handle");
        try
        {
            Should.Throw<PermanentFailureException>(() => HandlingScope.RefuseToEnd(own)).Message.ShouldBe(
                "The handler \"Shop.Handlers.Handle\" tried to commit or roll back the transaction in which its message is handled. It is committed after the handler; throw to have it rolled back.");
            HandlingScope.RefuseToEnd(other);
            HandlingScope.RefuseToEnd(null);
        }
        finally
        {
            HandlingScope.Current = null;
        }

        HandlingScope.RefuseToEnd(own);
    }

    [Fact]
    public async Task Each_flow_of_control_handles_its_own_message()
    {
        using var context = new OrdersDb(new DbContextOptions<OrdersDb>());

        var seen = await Task.WhenAll(Enumerable.Range(0, 20).Select(async i =>
        {
            HandlingScope.Current = new HandlingScope(context, $"{i}", null, "Shop.Handlers.Handle");
            await Task.Yield();
            return HandlingScope.Current.MessageId;
        }));

        seen.ShouldBe(Enumerable.Range(0, 20).Select(i => $"{i}"));
        HandlingScope.Current.ShouldBeNull();
    }
}

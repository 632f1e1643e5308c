using System.Transactions;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using ReliableMq.Outbox;
using ReliableMq.Storage;

namespace ReliableMq.Tests.Outbox;

public sealed class AmbientTransactionTests : IDisposable
{
    private readonly IHost _host = Outboxes.Host();
    private readonly IServiceScope _scope;
    private readonly OrdersDb _context;
    private readonly StagedMessages _staged;

    public AmbientTransactionTests()
    {
        _scope = _host.Services.CreateScope();
        _context = _scope.ServiceProvider.GetRequiredService<OrdersDb>();
        _staged = OutboxOptionsExtension.Find(_context)!;
    }

    [Fact]
    public void What_was_added_in_a_scope_that_is_not_completed_is_gone()
    {
        using (new TransactionScope())
        {
            Add("inside");
            _staged.HasUnwritten().ShouldBeTrue();
        }

        _staged.HasUnwritten().ShouldBeFalse();
    }

    [Fact]
    public void What_was_added_before_it_is_not()
    {
        Add("before");
        using (new TransactionScope())
        {
            Add("inside");
        }

        Save().ShouldBe(["before"]);
    }

    [Fact]
    public void What_was_saved_in_a_scope_is_handed_over_when_it_completes()
    {
        using (var scope = new TransactionScope())
        {
            Add("inside");
            Save().ShouldBe(["inside"]);
            HandedOver().ShouldBe(0);
            scope.Complete();
        }

        HandedOver().ShouldBe(1);
        _staged.HasUnwritten().ShouldBeFalse();
    }

    [Fact]
    public void What_was_saved_in_a_scope_that_is_not_completed_is_not_handed_over()
    {
        using (new TransactionScope())
        {
            Add("inside");
            Save();
        }

        HandedOver().ShouldBe(0);
    }

    [Fact]
    public void What_was_added_after_the_last_save_of_a_completed_scope_is_written_by_the_next()
    {
        using (var scope = new TransactionScope())
        {
            Add("saved");
            Save();
            Add("late");
            scope.Complete();
        }

        Save().ShouldBe(["late"]);
    }

    [Fact]
    public void A_scope_inside_does_not_end_the_one_around_it()
    {
        using (var outer = new TransactionScope())
        {
            Add("outer");
            using (new TransactionScope(TransactionScopeOption.RequiresNew))
            {
                Add("inner");
            }

            using (new TransactionScope(TransactionScopeOption.Suppress))
            {
                Add("beside");
            }

            outer.Complete();
        }

        Save().ShouldBe(["outer", "beside"]);
    }

    public void Dispose()
    {
        _scope.Dispose();
        _host.Dispose();
    }

    private void Add(string id) => _context.AddMessage(new OrderPlaced(Guid.Empty, 1), new MessageOptions { MessageId = id });

    /// <summary>A save without its database.</summary>
    private List<string> Save()
    {
        _staged.BeforeSave();
        var written = _staged.TakeUnwritten().ConvertAll(message => message.MessageId);
        _staged.Saved();
        return written;
    }

    private int HandedOver() => _host.Services.GetRequiredService<ServiceDatabases>().For(typeof(OrdersDb)).HandedOver.Reader.Count;
}

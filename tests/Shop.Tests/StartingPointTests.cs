using Npgsql;
using Shop.Runner;
using Shop.Runner.Data;
using Shop.Runner.Running;
using Xunit;

namespace Shop.Tests;

/// <summary>What a run takes over from the one before, and when it makes everything anew.</summary>
public sealed class StartingPointTests : IAsyncLifetime
{
    private static readonly IReadOnlyList<OrderLine> Lines = [.. OrdersCsv.Read(OrdersCsv.DefaultPath, 100).Where(line => line.Refusal is null).Take(3)];

    private readonly string _name = $"shop_test_{Guid.NewGuid().ToString("N")[..12]}";
    private TestShop _shop = null!;
    private ShopDatabases _databases = null!;
    private ShopVirtualHost _virtualHost = null!;

    [Fact]
    public async Task The_first_run_begins_with_empty_databases_and_a_virtual_host()
    {
        (await PrepareAsync(Lines)).Placed.ShouldBeEmpty();

        (await _databases.CommentsAsync(CancellationToken.None)).Count.ShouldBe(3);
        (await _virtualHost.ExistsAsync(CancellationToken.None)).ShouldBeTrue();
    }

    [Fact]
    public async Task An_interrupted_run_is_continued()
    {
        await InterruptAsync(placed: 2, invoiced: 1);

        var point = await PrepareAsync(Lines);

        point.Placed.ShouldBe([Lines[0].OrderId, Lines[1].OrderId], ignoreOrder: true);
        point.Invoiced.ShouldBe([Lines[0].OrderId]);
        point.LeftToBill(Lines).ShouldBe(2);
    }

    [Fact]
    public async Task A_run_that_was_interrupted_before_its_tables_were_made_is_continued()
    {
        await PrepareAsync(Lines);
        await _shop.BillingAsync("create table not_dropped ()");

        await PrepareAsync(Lines);

        (await _shop.BillingAsync("select to_regclass('not_dropped') is null")).ShouldBe(false);
    }

    [Fact]
    public async Task A_run_of_another_number_of_orders_begins_anew()
    {
        await InterruptAsync(placed: 2, invoiced: 1);

        (await PrepareAsync([Lines[0], Lines[1]])).Placed.ShouldBeEmpty();
    }

    [Fact]
    public async Task After_a_run_that_came_to_its_ledger_the_next_begins_anew()
    {
        await InterruptAsync(placed: 2, invoiced: 1);
        await _databases.MarkEndedAsync();

        (await PrepareAsync(Lines)).Placed.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_run_with_nothing_left_to_bill_is_not_continued_because_no_handler_could_be_killed()
    {
        await InterruptAsync(placed: 3, invoiced: 3);

        (await PrepareAsync(Lines)).Placed.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_run_whose_messages_are_gone_with_the_virtual_host_is_not_continued()
    {
        await InterruptAsync(placed: 2, invoiced: 1);
        await _virtualHost.DeleteAsync(CancellationToken.None);

        (await PrepareAsync(Lines)).Placed.ShouldBeEmpty();
    }

    [Fact]
    public async Task Fresh_begins_anew()
    {
        await InterruptAsync(placed: 2, invoiced: 1);

        (await PrepareAsync(Lines, fresh: true)).Placed.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_database_of_somebody_else_is_not_dropped_unless_told_so()
    {
        await PrepareAsync(Lines);
        await _shop.BillingAsync($"comment on database {_databases.Billing} is 'mine'");

        var error = await Should.ThrowAsync<ShopException>(() => PrepareAsync(Lines));
        error.Message.ShouldBe($"The database '{_name}_billing' was not made by Shop.Runner. Drop it, or let --fresh drop it.");

        await PrepareAsync(Lines, fresh: true);
    }

    [Fact]
    public async Task Two_runs_of_a_shop_at_once_are_refused()
    {
        await using var second = _shop.Databases();

        var error = await Should.ThrowAsync<ShopException>(() => second.OpenAsync(CancellationToken.None));
        error.Message.ShouldBe($"Another run of the Shop '{_name}' uses this PostgreSQL server. End that one, or give this one another --name.");
    }

    public async ValueTask InitializeAsync()
    {
        _shop = await TestShop.CreateAsync(_name);
        _virtualHost = _shop.VirtualHost();
        _databases = _shop.Databases();
        await _databases.OpenAsync(CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        _virtualHost.Dispose();
        await _databases.DisposeAsync();
        await _shop.DisposeAsync();
    }

    private Task<StartingPoint> PrepareAsync(IReadOnlyList<OrderLine> lines, bool fresh = false) =>
        StartingPoint.PrepareAsync(lines, _databases, _virtualHost, fresh, CancellationToken.None);

    private async Task InterruptAsync(int placed, int invoiced)
    {
        await PrepareAsync(Lines);
        await SampleRows.PlaceAsync(_shop.ConnectionString(_databases.Orders), Lines.Take(placed));
        await SampleRows.BillAsync(_shop.ConnectionString(_databases.Billing), Lines.Take(invoiced));
    }
}

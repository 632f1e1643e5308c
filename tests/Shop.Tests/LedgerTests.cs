using Shop.Runner.Data;
using Shop.Runner.Ledgers;
using Xunit;

namespace Shop.Tests;

/// <summary>The ledger itself: what it accepts, and that each kind of mistake is seen and named.</summary>
public sealed class LedgerTests
{
    private static readonly OrderLine Good = new(new("11111111-0000-4000-8000-000000000000"), "Ada Novak", "DE", "MUG-BLUE-300", 2, 14.00m);
    private static readonly OrderLine AlsoGood = new(new("22222222-0000-4000-8000-000000000000"), "Jan Costa", "FR", "TEA-CHAI-200", 1, 9.20m);
    private static readonly OrderLine Negative = new(new("33333333-0000-4000-8000-000000000000"), "Lea Bauer", "IT", "TEA-CHAI-200", 3, -9.20m);
    private static readonly OrderLine Unknown = new(new("44444444-0000-4000-8000-000000000000"), "Zoe Laine", "ES", "CAKE-TIN-02", 1, 20.00m);
    private static readonly OrderLine[] Lines = [Good, Negative, AlsoGood, Unknown];
    private static readonly Guid Stranger = new("99999999-0000-4000-8000-000000000000");

    private static readonly InvoiceRow GoodInvoice = new(Good.OrderId, 28.00m);
    private static readonly InvoiceRow AlsoGoodInvoice = new(AlsoGood.OrderId, 9.20m);
    private static readonly DeadOrder DeadNegative = new(Negative.OrderId, "Order 3 cannot be billed: negative amount '-27.60'.");
    private static readonly DeadOrder DeadUnknown = new(Unknown.OrderId, "Order 4 cannot be billed: unknown product 'CAKE-TIN-02'.");

    private static readonly ShopRecords AllIsWell = new(
        Orders: [.. Lines.Select(line => line.OrderId)],
        Invoices: [GoodInvoice, AlsoGoodInvoice],
        Shipments: [Good.OrderId, AlsoGood.OrderId],
        DeadOrders: [DeadNegative, DeadUnknown]);

    [Fact]
    public void Balances_when_good_orders_are_done_once_and_bad_ones_are_dead_with_their_reason()
    {
        var report = Ledger.Check(Lines, AllIsWell);

        report.Balances.ShouldBeTrue();
        report.Differences.ShouldBeEmpty();
        (report.Lines, report.Placed).ShouldBe((4, 4));
        (report.Good, report.InvoicedOnce, report.ShippedOnce).ShouldBe((2, 2, 2));
        (report.Bad, report.DeadWithReason).ShouldBe((2, 2));
        report.Reasons.ShouldBe([new("negative amount", 1, 1, DeadNegative), new("unknown product", 1, 1, DeadUnknown)]);
    }

    [Fact]
    public void Names_an_order_that_was_not_placed() =>
        Check(AllIsWell with { Orders = [Negative.OrderId, AlsoGood.OrderId, Unknown.OrderId] })
            .ShouldBe([new(Good.OrderId, "placed 0 times")]);

    [Fact]
    public void Names_an_order_without_an_invoice() =>
        Check(AllIsWell with { Invoices = [AlsoGoodInvoice] })
            .ShouldBe([new(Good.OrderId, "invoiced 0 times")]);

    [Fact]
    public void Names_an_order_with_two_invoices() =>
        Check(AllIsWell with { Invoices = [GoodInvoice, AlsoGoodInvoice, GoodInvoice] })
            .ShouldBe([new(Good.OrderId, "invoiced 2 times")]);

    [Fact]
    public void Names_an_invoice_over_another_amount() =>
        Check(AllIsWell with { Invoices = [GoodInvoice with { Amount = 14.00m }, AlsoGoodInvoice] })
            .ShouldBe([new(Good.OrderId, "invoiced 14.00 instead of 28.00")]);

    [Fact]
    public void Names_an_order_that_was_not_shipped() =>
        Check(AllIsWell with { Shipments = [AlsoGood.OrderId] })
            .ShouldBe([new(Good.OrderId, "shipped 0 times")]);

    [Fact]
    public void Names_an_order_that_was_shipped_twice() =>
        Check(AllIsWell with { Shipments = [Good.OrderId, AlsoGood.OrderId, AlsoGood.OrderId] })
            .ShouldBe([new(AlsoGood.OrderId, "shipped 2 times")]);

    [Fact]
    public void Names_a_good_order_in_the_dead_letters() =>
        Check(AllIsWell with { DeadOrders = [DeadNegative, DeadUnknown, new(Good.OrderId, "Timeout.")] })
            .ShouldBe([new(Good.OrderId, "good, but in the dead letters: Timeout.")]);

    [Fact]
    public void Names_an_invoice_for_a_bad_order() =>
        Check(AllIsWell with { Invoices = [GoodInvoice, AlsoGoodInvoice, new(Unknown.OrderId, 20.00m)] })
            .ShouldBe([new(Unknown.OrderId, "bad (unknown product 'CAKE-TIN-02'), but invoiced once")]);

    [Fact]
    public void Names_a_shipment_of_a_bad_order() =>
        Check(AllIsWell with { Shipments = [Good.OrderId, AlsoGood.OrderId, Unknown.OrderId] })
            .ShouldBe([new(Unknown.OrderId, "bad (unknown product 'CAKE-TIN-02'), but shipped once")]);

    [Fact]
    public void Names_a_bad_order_that_is_not_in_the_dead_letters() =>
        Check(AllIsWell with { DeadOrders = [DeadUnknown] })
            .ShouldBe([new(Negative.OrderId, "bad (negative amount '-27.60'), but in the dead letters 0 times")]);

    [Fact]
    public void Names_a_bad_order_that_is_in_the_dead_letters_twice() =>
        Check(AllIsWell with { DeadOrders = [DeadNegative, DeadUnknown, DeadNegative] })
            .ShouldBe([new(Negative.OrderId, "bad (negative amount '-27.60'), but in the dead letters 2 times")]);

    [Fact]
    public void Names_a_bad_order_that_died_for_another_reason() =>
        Check(AllIsWell with { DeadOrders = [DeadNegative with { Reason = "Timeout." }, DeadUnknown] })
            .ShouldBe([new(Negative.OrderId, "bad (negative amount '-27.60'), but dead for another reason: Timeout.")]);

    [Fact]
    public void Names_records_of_orders_that_are_not_in_the_file() =>
        Check(new(
            [.. AllIsWell.Orders, Stranger],
            [.. AllIsWell.Invoices, new(Stranger, 1.00m)],
            [.. AllIsWell.Shipments, Stranger],
            [.. AllIsWell.DeadOrders, new(Stranger, "Timeout."), new(null, "not JSON")])).ShouldBe(
        [
            new(Stranger, "placed, but not in orders.csv"),
            new(Stranger, "invoiced, but not in orders.csv"),
            new(Stranger, "shipped, but not in orders.csv"),
            new(Stranger, "in the dead letters, but not in orders.csv: Timeout."),
            new(null, "in the dead letters, but not in orders.csv: not JSON"),
        ]);

    [Fact]
    public void Counts_fewer_where_something_is_wrong()
    {
        var report = Ledger.Check(Lines, new([], [GoodInvoice, GoodInvoice], [], [DeadUnknown with { Reason = "Timeout." }]));

        report.Balances.ShouldBeFalse();
        (report.Placed, report.InvoicedOnce, report.ShippedOnce, report.DeadWithReason).ShouldBe((0, 0, 0, 0));
        report.Reasons.ShouldBe([new("negative amount", 1, 0, null), new("unknown product", 1, 0, null)]);
    }

    private static IReadOnlyList<Difference> Check(ShopRecords records) => Ledger.Check(Lines, records).Differences;
}

using Shop.Contracts;
using Shop.Runner.Data;

namespace Shop.Runner.Ledgers;

/// <summary>
/// Compares what was ordered with what became of it: every good order invoiced and shipped exactly once,
/// every bad one dead with its reason, and nothing else. A pure function of orders.csv and the records of
/// the business; what ReliableMq notes in its own tables has no say in it.
/// </summary>
internal static class Ledger
{
    public static LedgerReport Check(IReadOnlyList<OrderLine> lines, ShopRecords records)
    {
        var books = lines.GroupJoinAll(records);
        var good = books.Where(book => book.Line.Refusal is null).ToList();
        var bad = books.Where(book => book.Line.Refusal is not null).ToList();
        return new(
            Lines: lines.Count,
            Placed: books.Count(book => book.Orders == 1),
            Good: good.Count,
            InvoicedOnce: good.Count(book => book.Invoices is [var invoice] && invoice.Amount == book.Line.Amount),
            ShippedOnce: good.Count(book => book.Shipments == 1),
            Bad: bad.Count,
            DeadWithReason: bad.Count(DiedOfItsReason),
            Reasons: [.. bad.GroupBy(book => book.Line.Refusal!.Kind).OrderBy(kind => kind.Key, StringComparer.Ordinal).Select(Count)],
            Differences: [.. books.SelectMany(Differences), .. Strangers(lines, records)]);
    }

    /// <summary>All that is known of one line of orders.csv.</summary>
    private sealed record Book(
        OrderLine Line, int Orders, IReadOnlyList<InvoiceRow> Invoices, int Shipments, IReadOnlyList<DeadOrder> Dead);

    private static List<Book> GroupJoinAll(this IReadOnlyList<OrderLine> lines, ShopRecords records)
    {
        var orders = records.Orders.ToLookup(id => id);
        var invoices = records.Invoices.ToLookup(invoice => invoice.OrderId);
        var shipments = records.Shipments.ToLookup(id => id);
        var dead = records.DeadOrders.ToLookup(letter => letter.OrderId);
        return [.. lines.Select(line => new Book(
            line,
            orders[line.OrderId].Count(),
            [.. invoices[line.OrderId]],
            shipments[line.OrderId].Count(),
            [.. dead[line.OrderId]]))];
    }

    private static IEnumerable<Difference> Differences(Book book)
    {
        if (book.Orders != 1)
        {
            yield return Wrong($"placed {Times(book.Orders)}");
        }

        foreach (var what in book.Line.Refusal is { } refusal ? OfBad(book, refusal) : OfGood(book))
        {
            yield return Wrong(what);
        }

        Difference Wrong(string what) => new(book.Line.OrderId, what);
    }

    private static IEnumerable<string> OfGood(Book book)
    {
        if (book.Invoices.Count != 1)
        {
            yield return $"invoiced {Times(book.Invoices.Count)}";
        }

        foreach (var invoice in book.Invoices.Where(invoice => invoice.Amount != book.Line.Amount))
        {
            yield return $"invoiced {invoice.Amount:0.00} instead of {book.Line.Amount:0.00}";
        }

        if (book.Shipments != 1)
        {
            yield return $"shipped {Times(book.Shipments)}";
        }

        foreach (var letter in book.Dead)
        {
            yield return $"good, but in the dead letters: {letter.Reason}";
        }
    }

    private static IEnumerable<string> OfBad(Book book, Refusal refusal)
    {
        if (book.Invoices.Count != 0)
        {
            yield return $"bad ({refusal}), but invoiced {Times(book.Invoices.Count)}";
        }

        if (book.Shipments != 0)
        {
            yield return $"bad ({refusal}), but shipped {Times(book.Shipments)}";
        }

        if (book.Dead.Count != 1)
        {
            yield return $"bad ({refusal}), but in the dead letters {Times(book.Dead.Count)}";
        }

        foreach (var letter in book.Dead.Where(letter => !Names(letter, refusal)))
        {
            yield return $"bad ({refusal}), but dead for another reason: {letter.Reason}";
        }
    }

    /// <summary>Records that belong to no line of orders.csv.</summary>
    private static IEnumerable<Difference> Strangers(IReadOnlyList<OrderLine> lines, ShopRecords records)
    {
        var known = lines.Select(line => line.OrderId).ToHashSet();
        return
        [
            .. records.Orders.Where(id => !known.Contains(id)).Select(id => new Difference(id, "placed, but not in orders.csv")),
            .. records.Invoices.Where(invoice => !known.Contains(invoice.OrderId)).Select(invoice => new Difference(invoice.OrderId, "invoiced, but not in orders.csv")),
            .. records.Shipments.Where(id => !known.Contains(id)).Select(id => new Difference(id, "shipped, but not in orders.csv")),
            .. records.DeadOrders.Where(letter => letter.OrderId is not { } id || !known.Contains(id)).Select(letter => new Difference(letter.OrderId, $"in the dead letters, but not in orders.csv: {letter.Reason}")),
        ];
    }

    private static ReasonCount Count(IGrouping<string, Book> books) =>
        new(
            books.Key,
            books.Count(),
            books.Count(DiedOfItsReason),
            books.Where(DiedOfItsReason).Select(book => book.Dead[0]).FirstOrDefault());

    private static bool DiedOfItsReason(Book book) => book.Dead is [var letter] && Names(letter, book.Line.Refusal!);

    private static bool Names(DeadOrder letter, Refusal refusal) =>
        letter.Reason.Contains(refusal.ToString(), StringComparison.Ordinal);

    private static string Times(int count) => count == 1 ? "once" : $"{count} times";
}

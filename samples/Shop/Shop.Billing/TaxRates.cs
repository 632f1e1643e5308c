using System.Collections.Frozen;
using Shop.Contracts;

namespace Shop.Billing;

public interface ITaxRates
{
    /// <summary>The value added tax on an order, such as 0.19 for 19 %.</summary>
    ValueTask<decimal> GetAsync(OrderPlaced order, CancellationToken ct);
}

internal sealed class TaxRates : ITaxRates
{
    private static readonly FrozenDictionary<string, decimal> Rates = new Dictionary<string, decimal>
    {
        ["AT"] = 0.20m, ["CZ"] = 0.21m, ["DE"] = 0.19m, ["DK"] = 0.25m, ["ES"] = 0.21m,
        ["FI"] = 0.255m, ["FR"] = 0.20m, ["IT"] = 0.22m, ["NL"] = 0.21m, ["PL"] = 0.23m,
    }.ToFrozenDictionary();

    public ValueTask<decimal> GetAsync(OrderPlaced order, CancellationToken ct) =>
        ValueTask.FromResult(Rates.GetValueOrDefault(order.Country));
}

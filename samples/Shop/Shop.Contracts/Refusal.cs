using System.Globalization;

namespace Shop.Contracts;

/// <summary>
/// Why an order cannot be billed. Billing enforces the rules; they are shared so that others, such as the
/// ledger of Shop.Runner, can tell beforehand.
/// </summary>
/// <param name="Kind">The rule that was broken.</param>
/// <param name="Value">The value that broke it.</param>
public sealed record Refusal(string Kind, string Value)
{
    /// <summary>The refusal of an order for <paramref name="product"/>; null for a good one.</summary>
    public static Refusal? Of(string product, decimal amount) =>
        !Catalog.Products.ContainsKey(product) ? new("unknown product", product)
        : amount < 0 ? new("negative amount", amount.ToString("0.00", CultureInfo.InvariantCulture))
        : null;

    /// <summary>For people: <c>unknown product 'TEA-2019'</c>.</summary>
    public override string ToString() => $"{Kind} '{Value}'";
}

using System.Text.Json.Serialization;
using Shop.Contracts;

namespace Shop.Runner.Data;

/// <summary>One line of orders.csv, and the body of <c>POST /orders</c>.</summary>
internal sealed record OrderLine(
    Guid OrderId, string Customer, string Country, string Product, int Quantity, decimal UnitPrice)
{
    public const string Header = "order_id,customer,country,product,quantity,unit_price";

    [JsonIgnore]
    public decimal Amount => Quantity * UnitPrice;

    /// <summary>Why Billing must refuse this order; null for a good one.</summary>
    [JsonIgnore]
    public Refusal? Refusal => Refusal.Of(Product, Amount);

    /// <exception cref="FormatException">The line does not have the columns of <see cref="Header"/>.</exception>
    public static OrderLine Parse(string line) =>
        line.Split(',') is [var id, var customer, var country, var product, var quantity, var unitPrice]
            ? new(
                Guid.Parse(id),
                customer,
                country,
                product,
                int.Parse(quantity),
                decimal.Parse(unitPrice))
            : throw new FormatException($"expected the columns {Header}");

    public override string ToString() =>
        $"{OrderId},{Customer},{Country},{Product},{Quantity},{UnitPrice:0.00}";
}

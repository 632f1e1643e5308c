using System.Collections.Frozen;

namespace Shop.Contracts;

/// <summary>What the shop sells.</summary>
public static class Catalog
{
    /// <summary>The products by their stock keeping unit.</summary>
    public static FrozenDictionary<string, Product> Products { get; } = new Product[]
    {
        new("TEA-ASSAM-250", "Assam leaf tea, 250 g", 8.90m),
        new("TEA-SENCHA-100", "Sencha green tea, 100 g", 11.50m),
        new("TEA-CHAI-200", "Masala chai, 200 g", 9.20m),
        new("COF-YIRGA-250", "Yirgacheffe coffee beans, 250 g", 12.40m),
        new("COF-DECAF-500", "Decaffeinated coffee beans, 500 g", 17.80m),
        new("CHO-DARK-100", "Dark chocolate 72 %, 100 g", 3.95m),
        new("CHO-MILK-100", "Milk chocolate with hazelnuts, 100 g", 3.75m),
        new("MUG-BLUE-300", "Stoneware mug, blue, 300 ml", 14.00m),
        new("MUG-WHITE-300", "Stoneware mug, white, 300 ml", 14.00m),
        new("POT-GLASS-1L", "Glass teapot, 1 l", 34.50m),
        new("POT-IRON-08L", "Cast-iron teapot, 0.8 l", 59.00m),
        new("MILL-HAND-01", "Hand coffee mill", 74.90m),
        new("KETTLE-GN-09", "Gooseneck kettle, 0.9 l", 89.00m),
        new("FILTER-02-100", "Paper filters size 2, 100 pieces", 4.60m),
        new("HONEY-LIME-500", "Lime blossom honey, 500 g", 10.30m),
        new("BISC-OAT-300", "Oat biscuits, 300 g", 5.45m),
    }.ToFrozenDictionary(product => product.Sku);
}

/// <summary>One product of the <see cref="Catalog"/>.</summary>
public sealed record Product(string Sku, string Name, decimal Price);

using System.Buffers.Binary;
using Shop.Contracts;

namespace Shop.Runner.Data;

/// <summary>
/// Makes the ten thousand orders of orders.csv, always the same ones: a fixed seed, and a generator of
/// random numbers of its own, since that of .NET may change between versions.
/// </summary>
/// <remarks>
/// One order in each hundred is bad, at a random place but never the first: its price has the wrong sign,
/// or its product is one that the shop no longer sells.
/// </remarks>
internal sealed class OrderGenerator
{
    public const int Count = 10_000;

    private const int BadEvery = 100;

    private static readonly string[] FirstNames =
    [
        "Ada", "Anna", "Bruno", "Clara", "David", "Elena", "Emil", "Freja", "Giulia", "Hugo", "Ines", "Jan",
        "Jonas", "Karla", "Lea", "Lucas", "Marta", "Mila", "Niels", "Nora", "Oskar", "Paula", "Pavel", "Rosa",
        "Sofia", "Tomas", "Vera", "Zoe",
    ];

    private static readonly string[] LastNames =
    [
        "Andersen", "Bauer", "Bianchi", "Costa", "Dubois", "Fischer", "Garcia", "Gruber", "Hansen", "Horak",
        "Jansen", "Keller", "Kowalski", "Laine", "Lopez", "Martin", "Moreau", "Nielsen", "Novak", "Peeters",
        "Ricci", "Romano", "Schmidt", "Silva", "Virtanen", "Wagner", "Wisniewska", "de Vries",
    ];

    private static readonly string[] Countries = ["DE", "FR", "IT", "ES", "NL", "PL", "AT", "CZ", "DK", "FI"];

    private static readonly string[] NoLongerSold = ["TEA-YUNNAN-250", "MUG-GREEN-300", "COF-ROBUSTA-1KG", "CAKE-TIN-02"];

    private static readonly Product[] Products = [.. Catalog.Products.Values.OrderBy(product => product.Sku, StringComparer.Ordinal)];

    private ulong _state = 20_260_105;

    public static void Write(TextWriter output)
    {
        output.NewLine = "\n";
        output.WriteLine(OrderLine.Header);
        foreach (var order in new OrderGenerator().Orders())
        {
            output.WriteLine(order);
        }
    }

    private IEnumerable<OrderLine> Orders()
    {
        for (var hundred = 0; hundred < Count / BadEvery; hundred++)
        {
            var bad = 1 + Next(BadEvery - 1);
            for (var i = 0; i < BadEvery; i++)
            {
                var order = Good();
                yield return i == bad ? Spoil(order) : order;
            }
        }
    }

    private OrderLine Good()
    {
        var id = NextId();
        var customer = $"{Pick(FirstNames)} {Pick(LastNames)}";
        // The smaller of two draws: most orders come from the first countries, few from the last.
        var country = Countries[Math.Min(Next(Countries.Length), Next(Countries.Length))];
        var product = Pick(Products);
        // Cheap things are bought in numbers, a kettle alone.
        var quantity = 1 + Next(product.Price < 20 ? 5 : 2);
        return new(id, customer, country, product.Sku, quantity, product.Price);
    }

    private OrderLine Spoil(OrderLine order) =>
        Next(2) == 0 ? order with { UnitPrice = -order.UnitPrice } : order with { Product = Pick(NoLongerSold) };

    private T Pick<T>(T[] from) => from[Next(from.Length)];

    private int Next(int below) => (int)(Next() % (ulong)below);

    private Guid NextId()
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, Next());
        BinaryPrimitives.WriteUInt64BigEndian(bytes[8..], Next());
        bytes[6] = (byte)((bytes[6] & 0x0F) | 0x40); // version 4
        bytes[8] = (byte)((bytes[8] & 0x3F) | 0x80); // variant of RFC 9562
        return new(bytes, bigEndian: true);
    }

    /// <summary>SplitMix64 (Steele, Lea and Flood, 2014).</summary>
    private ulong Next()
    {
        var z = _state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}

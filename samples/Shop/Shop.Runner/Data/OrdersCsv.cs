namespace Shop.Runner.Data;

/// <summary>Reads orders.csv, which is copied beside the runner.</summary>
internal static class OrdersCsv
{
    public static string DefaultPath { get; } = Path.Combine(AppContext.BaseDirectory, "data", "orders.csv");

    /// <summary>The first <paramref name="limit"/> orders of the file, or all.</summary>
    public static IReadOnlyList<OrderLine> Read(string path, int? limit = null)
    {
        var lines = File.ReadLines(path);
        if (lines.FirstOrDefault() != OrderLine.Header)
        {
            throw new ShopException($"'{path}' does not begin with the line '{OrderLine.Header}'.");
        }

        return lines.Skip(1).Take(limit ?? int.MaxValue).Select((line, index) => Parse(line, index + 2)).ToList();

        OrderLine Parse(string line, int number)
        {
            try
            {
                return OrderLine.Parse(line);
            }
            catch (Exception e) when (e is FormatException or OverflowException)
            {
                throw new ShopException($"'{path}' line {number}, '{line}': {e.Message}.", e);
            }
        }
    }
}

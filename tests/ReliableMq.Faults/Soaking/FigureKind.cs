namespace ReliableMq.Faults.Soaking;

/// <summary>What is watched, and how much of a rise in half a run says nothing.</summary>
/// <param name="Name">As in the report.</param>
/// <param name="Unit">What a value is divided by to be read, and how that is called.</param>
/// <param name="Floor">A rise up to this is flat, whatever the level.</param>
/// <param name="Share">So is one up to this share of the level.</param>
internal sealed record FigureKind(string Name, Unit Unit, double Floor, double Share)
{
    private const double Share10 = 0.10;
    private const double Share5 = 0.05;

    public static readonly FigureKind Heap = new("managed heap", Unit.Mebibytes, 1 << 20, Share5);

    /// <summary>The runtime keeps what it once had, and takes its time to have all code compiled.</summary>
    public static readonly FigureKind Memory = new("resident memory", Unit.Mebibytes, 16 << 20, Share10);
    public static readonly FigureKind Handles = new("handles", Unit.Pieces, 6, Share5);
    public static readonly FigureKind Threads = new("threads", Unit.Pieces, 6, Share5);
    public static readonly FigureKind Timers = new("timers", Unit.Pieces, 6, Share5);
    public static readonly FigureKind Connections = new("database connections", Unit.Pieces, 4, Share5);
    public static readonly FigureKind Transactions = new("oldest transaction", Unit.Seconds, 5, Share5);
    public static readonly FigureKind Broker = new("broker", Unit.Pieces, 2, Share5);
    public static readonly FigureKind Messages = new("messages in the queue", Unit.Pieces, 20, Share10);
    public static readonly FigureKind Rows = new("rows", Unit.Pieces, 50, Share10);

    /// <summary>What was removed leaves room that is used again only after a vacuum, which comes when a share of the rows is dead.</summary>
    public static readonly FigureKind Size = new("size", Unit.Kibibytes, 512 << 10, Share10);

    public static readonly IReadOnlyList<FigureKind> All = [Heap, Memory, Handles, Threads, Timers, Connections, Transactions, Broker, Messages, Rows, Size];
}

internal sealed record Unit(string Name, double Divisor, string Format)
{
    public static readonly Unit Pieces = new("", 1, "0");
    public static readonly Unit Seconds = new(" s", 1, "0.0");
    public static readonly Unit Kibibytes = new(" KiB", 1 << 10, "0");
    public static readonly Unit Mebibytes = new(" MiB", 1 << 20, "0.00");

    public string Say(double value) => (value / Divisor).ToString(Format, System.Globalization.CultureInfo.InvariantCulture) + Name;
}

namespace ReliableMq.Faults.Workload;

/// <summary>A message of the workload: its id is the machine's own, apart from the library's message id.</summary>
public interface IWork
{
    string Id { get; }
    Fate Fate { get; }
}

/// <summary>What is to become of a message.</summary>
/// <param name="Failures">So many attempts fail; the next succeeds.</param>
/// <param name="Kills">It kills its process so often.</param>
/// <param name="IsPoison">It fails always.</param>
/// <param name="NeedsMending">It fails for good until an operator has mended it.</param>
/// <param name="Children">So many messages it causes.</param>
/// <param name="Later">So often its handler asks to be given it later, which counts no attempt.</param>
public sealed record Fate(int Failures = 0, int Kills = 0, bool IsPoison = false, bool NeedsMending = false, int Children = 0, int Later = 0)
{
    /// <summary>It kills each process that handles it.</summary>
    internal const int ForGood = 1000;

    /// <summary>Whether nothing will ever handle it.</summary>
    internal bool IsHopeless => IsPoison || Kills == ForGood;

    /// <summary>Whether it has a reason to become a dead letter. All others have to get through without an operator.</summary>
    internal bool MayDie => IsHopeless || NeedsMending;

    /// <summary>How often it has to have failed when it dies; how often a killer may kill is the library's own choice.</summary>
    internal int AttemptsToDie => IsPoison ? Fates.MostAttempts : 0;
}

/// <summary>Handled on a context.</summary>
[Message("faults.item.v1")]
public sealed record Item(string Id, Fate Fate) : IWork;

/// <summary>Handled in the order of its key.</summary>
[Message("faults.entry.v1")]
public sealed record Entry(string Id, Fate Fate) : IWork;

/// <summary>Handled one at a time.</summary>
[Message("faults.line.v1")]
public sealed record Line(string Id, Fate Fate) : IWork;

/// <summary>Published without an outbox: whoever publishes it knows at once whether the broker has it.</summary>
[Message("faults.direct.v1")]
public sealed record Direct(string Id, Fate Fate) : IWork;

/// <summary>Handled in batches.</summary>
[Message("faults.pack.v1")]
public sealed record Pack(string Id, Fate Fate) : IWork;

/// <summary>Caused by a handler, and handled with plain ADO.NET.</summary>
[Message("faults.child.v1")]
public sealed record Child(string Id, Fate Fate) : IWork;

/// <summary>Handled without an inbox, so at least once.</summary>
[Message("faults.glimpse.v1")]
public sealed record Glimpse(string Id, Fate Fate) : IWork;

/// <summary>
/// Has two subscribers, and therefore an exchange of its own, whose bindings no fault deletes: a message that still
/// has one route is not returned, so nobody could know that the other subscriber missed it.
/// </summary>
[Message("notices.notice.v1")]
public sealed record Notice(string Id, Fate Fate) : IWork;

/// <summary>Who has to handle what.</summary>
internal static class Subscribers
{
    /// <summary>All their queues, each once.</summary>
    public static IEnumerable<string> Queues => Of.Values.SelectMany(queues => queues);

    public const string Ordered = "faults.entries";
    public const string OneAtATime = "faults.lines";
    public const string AtLeastOnce = "faults.glimpses";

    /// <summary>Where effects follow the order of the commits of a key.</summary>
    public static readonly IReadOnlyList<string> InOrder = [Ordered, OneAtATime];

    public static readonly IReadOnlyDictionary<string, string[]> Of = new Dictionary<string, string[]>
    {
        [nameof(Item)] = ["faults.items"],
        [nameof(Entry)] = [Ordered],
        [nameof(Line)] = [OneAtATime],
        [nameof(Direct)] = ["faults.directs"],
        [nameof(Pack)] = ["faults.packs"],
        [nameof(Child)] = ["faults.children"],
        [nameof(Glimpse)] = [AtLeastOnce],
        [nameof(Notice)] = ["faults.notices-first", "faults.notices-second"],
    };
}

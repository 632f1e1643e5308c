namespace ReliableMq.Faults.Workload;

/// <summary>A message about to be stored.</summary>
internal sealed record Draft(IWork Work, string? Key = null, TimeSpan? Delay = null, TimeSpan? CancelAfter = null)
{
    /// <summary>Only what is cancelled needs an id that is known before; the others get the library's own.</summary>
    public MessageOptions Options => new() { OrderingKey = Key, DeliverAfter = Delay, MessageId = CancelAfter is null ? null : Work.Id };

    public Stored Row { get; } = new()
    {
        Id = Work.Id,
        Kind = Work.GetType().Name,
        Key = Key,
        IsPoison = Work.Fate.IsPoison,
        // Before the library reads a clock, so never too late; and by the machine's clock, which is the database's.
        DueAt = Delay is { } delay ? TimeProvider.System.GetUtcNow().UtcDateTime + delay : null,
    };
}

/// <summary>The mixture.</summary>
internal static class Drafts
{
    private const int Keys = 6;

    /// <summary>What one transaction stores: one to four messages, those with a key all with the same.</summary>
    public static IReadOnlyList<Draft> Next(Random random, Func<string> newId)
    {
        var key = $"key-{random.Next(Keys)}";
        return [.. Enumerable.Range(0, random.Next(1, 5)).Select(_ => One(random, newId(), key))];
    }

    private static Draft One(Random random, string id, string key) => random.Next(100) switch
    {
        < 35 => new Draft(new Item(id, NextFate(random))),
        < 60 => new Draft(new Entry(id, NextFate(random) with { Kills = 0 }), key),
        < 75 => new Draft(new Pack(id, NextFate(random) with { Kills = 0 })),
        < 86 => new Draft(new Notice(id, new Fate())),
        < 93 => new Draft(new Item(id, new Fate()), Delay: TimeSpan.FromSeconds(random.NextDouble() * 8)),
        _ => new Draft(new Item(id, new Fate()), Delay: TimeSpan.FromSeconds(random.NextDouble() * 4), CancelAfter: TimeSpan.FromSeconds(random.NextDouble() * 15)),
    };

    // What kills its process for good has a way of its own once the library quarantines it.
    private static Fate NextFate(Random random) => random.Next(1000) switch
    {
        < 6 => new Fate(IsPoison: true),
        < 18 => new Fate(NeedsMending: true),
        < 21 => new Fate(Kills: 1 + random.Next(2)),
        < 90 => new Fate(Failures: 1 + random.Next(3)),
        < 300 => new Fate(Children: 1 + random.Next(3)),
        _ => new Fate(),
    };
}

using System.Text;

namespace ReliableMq.Faults.Workload;

/// <summary>A message about to be stored.</summary>
/// <param name="Work">What it says.</param>
/// <param name="Key">Its ordering key.</param>
/// <param name="Delay">How much later it is due.</param>
/// <param name="CancelAfter">When somebody tries to cancel it.</param>
/// <param name="IsInsistent">Whether that is tried again until it was cancelled or is gone.</param>
internal sealed record Draft(IWork Work, string? Key = null, TimeSpan? Delay = null, TimeSpan? CancelAfter = null, bool IsInsistent = false)
{
    /// <summary>The end of the id of one that is cancelled with insistence, by which the line's witness knows it.</summary>
    public static ReadOnlySpan<byte> LateMark => "-late"u8;

    /// <summary>A lease of 10 s: from then on whoever still has it in hand must not send it.</summary>
    public static readonly TimeSpan Late = TimeSpan.FromSeconds(10);

    /// <summary>Only what is cancelled needs an id that is known before; the others get the library's own.</summary>
    public MessageOptions Options => new() { OrderingKey = Key, DeliverAfter = Delay, MessageId = CancelAfter is null ? null : Work.Id };

    public Stored Row { get; } = new()
    {
        Id = Work.Id,
        Kind = Work.GetType().Name,
        Key = Key,
        IsHopeless = Work.Fate.IsHopeless,
        MayDie = Work.Fate.MayDie,
        AttemptsToDie = Work.Fate.AttemptsToDie,
        // Before the library reads a clock, so never too late; and by the machine's clock, which is the database's.
        DueAt = Delay is { } delay ? TimeProvider.System.GetUtcNow().UtcDateTime + delay : null,
    };
}

/// <summary>The mixture.</summary>
internal static class Drafts
{
    private const int Keys = 6;

    /// <summary>
    /// What one transaction stores: one to four messages, those with a key mostly all with the same. Where there are two,
    /// they come in their order, so that the transactions of the workload do not wait for one another in a circle.
    /// </summary>
    public static IReadOnlyList<Draft> Next(Random random, Func<string> newId, bool mayKill = true)
    {
        var first = random.Next(Keys);
        var second = random.Next(4) == 0 ? random.Next(Keys) : first;
        return [.. Enumerable.Range(0, random.Next(1, 5)).Select(number => One(random, newId(), $"key-{(number % 2 == 0 ? first : second)}", mayKill))
            .OrderBy(draft => draft.Key, StringComparer.Ordinal)];
    }

    /// <summary>One for which there is no transaction.</summary>
    public static Draft WithoutOutbox(Random random, string id) => new(new Direct(id, NextFate(random) with { Kills = 0 }));

    private static Draft One(Random random, string id, string key, bool mayKill) => random.Next(100) switch
    {
        < 25 => new Draft(new Item(id, NextFate(random) is var fate && mayKill ? fate : fate with { Kills = 0 })),
        < 35 => new Draft(new Item($"{id}{Encoding.ASCII.GetString(Draft.LateMark)}", new Fate()), CancelAfter: Draft.Late, IsInsistent: true),
        < 51 => new Draft(new Entry(id, NextFate(random) with { Kills = 0 }), key),
        < 57 => new Draft(new Line(id, NextFate(random) with { Kills = 0 }), key),
        < 60 => new Draft(new Entry(id, new Fate()), key, Delay: TimeSpan.FromSeconds(random.NextDouble() * 8)),
        // None of them fails: its next attempt would be a matter of its process's clock, which is made wrong by days.
        < 65 => new Draft(new Glimpse(id, new Fate())),
        < 75 => new Draft(new Pack(id, NextFate(random) with { Kills = 0 })),
        < 86 => new Draft(new Notice(id, new Fate(Failures: random.Next(3) == 0 ? 1 + random.Next(3) : 0, Children: random.Next(5) == 0 ? 1 : 0))),
        < 93 => new Draft(new Item(id, new Fate()), Delay: TimeSpan.FromSeconds(random.NextDouble() * 8)),
        _ => CancelledAround(TimeSpan.FromSeconds(random.NextDouble() * 4), random.NextDouble() * 1.5, new Item(id, new Fate())),
    };

    /// <summary>Two of three before they are due, so that some are cancelled in the midst of faults, too.</summary>
    private static Draft CancelledAround(TimeSpan due, double share, Item item) => new(item, Delay: due, CancelAfter: due * share);

    private static Fate NextFate(Random random) => random.Next(1000) switch
    {
        < 10 => new Fate(IsPoison: true),
        < 26 => new Fate(NeedsMending: true),
        < 27 => new Fate(Kills: Fate.ForGood),
        < 30 => new Fate(Kills: 1 + random.Next(2)),
        < 90 => new Fate(Failures: 1 + random.Next(3)),
        < 130 => new Fate(Later: 1 + random.Next(2)),
        < 300 => new Fate(Children: 1 + random.Next(3)),
        _ => new Fate(),
    };
}

using System.Globalization;

namespace ReliableMq.Faults.Nemesis;

/// <summary>One fault of a schedule.</summary>
/// <param name="At">When it begins.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Lasting">How long until it is healed.</param>
/// <param name="Dice">Chooses among victims.</param>
internal sealed record Step(TimeSpan At, FaultKind Kind, TimeSpan Lasting, int Dice)
{
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{At.TotalSeconds,7:0.0}  {Kind.Name} for {Lasting.TotalSeconds:0.0} s ({Dice})");
}

/// <summary>What goes wrong when. The same seed, time and choice of faults give the same schedule.</summary>
internal static class Schedule
{
    private static readonly TimeSpan FirstAt = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan MostBetween = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Faults of different victims overlap, those of one never do. A kind is not chosen again before most others had
    /// their turn, so that short runs are varied, too.
    /// </summary>
    /// <param name="seed">Decides all.</param>
    /// <param name="duration">No fault begins later.</param>
    /// <param name="faults">The names to choose from; without any nothing happens.</param>
    /// <param name="mostBetween">The longest time between two, of which half passes on the average. Default: 5 s.</param>
    public static IReadOnlyList<Step> For(int seed, TimeSpan duration, IReadOnlyList<string> faults, TimeSpan? mostBetween = null)
    {
        if (faults.Count == 0)
        {
            return [];
        }

        var random = new Random(seed);
        var free = new Dictionary<string, TimeSpan>();
        var steps = new List<Step>();
        var deck = new List<FaultKind>();
        for (var at = FirstAt; at < duration; at += TimeSpan.FromSeconds(random.NextDouble() * (mostBetween ?? MostBetween).TotalSeconds))
        {
            if (deck.Count == 0)
            {
                deck.AddRange(faults.Select(FaultCatalog.Find));
            }

            var kind = deck[random.Next(deck.Count)];
            deck.Remove(kind);
            var lasting = TimeSpan.FromSeconds(kind.LeastSeconds + (kind.MostSeconds - kind.LeastSeconds) * random.NextDouble());
            var dice = random.Next(1000);
            var begin = free.TryGetValue(kind.Victim, out var until) && until > at ? until : at;
            if (begin >= duration)
            {
                continue;
            }

            steps.Add(new Step(begin, kind, lasting, dice));
            free[kind.Victim] = begin + lasting + TimeSpan.FromSeconds(1);
        }

        return [.. steps.OrderBy(step => step.At)];
    }
}

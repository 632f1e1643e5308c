using ReliableMq.Faults.Workload;

namespace ReliableMq.Faults.Checking;

/// <summary>
/// Compares what was committed with what had an effect. It knows nothing of how the library works, and no clock: the same
/// evidence gives the same findings.
/// </summary>
internal sealed class Checker
{
    // Reading the clock, storing it and comparing may each round.
    private static readonly TimeSpan Rounding = TimeSpan.FromMilliseconds(5);

    private readonly Evidence _evidence;
    private readonly List<Finding> _findings = [];
    private readonly Dictionary<string, Word> _words = [];
    private readonly Dictionary<string, StoredRow> _stored;
    private readonly ILookup<(string, string), EffectRow> _effects;
    private readonly ILookup<(string, string), DeadRow> _dead;

    private Checker(Evidence evidence)
    {
        _evidence = evidence;
        _stored = evidence.Stored.ToDictionary(row => row.Id);
        _effects = evidence.Effects.ToLookup(effect => (effect.Queue, effect.Id));
        _dead = evidence.DeadLetters.ToLookup(dead => (dead.Queue, dead.Id));
        foreach (var line in evidence.Journal)
        {
            foreach (var id in line.Ids)
            {
                _words[id] = _words.GetValueOrDefault(id).With(line.Act);
            }
        }
    }

    public static Outcome Check(Evidence evidence)
    {
        var checker = new Checker(evidence);
        checker.CheckCommits();
        checker.CheckEffects();
        checker.CheckEveryMessage();
        checker.CheckOrder();
        return checker.Result();
    }

    /// <summary>What the journal says and what the business rows say has to agree.</summary>
    private void CheckCommits()
    {
        foreach (var (id, word) in _words)
        {
            if (word.IsCommitted && !word.IsNotCommitted && !_stored.ContainsKey(id))
            {
                Find(Rule.CommitLost, $"{id} was committed, but its business row is not there");
            }

            if (word.IsNotCommitted && _stored.ContainsKey(id))
            {
                Find(Rule.RollbackStored, $"{id} was rolled back, but its business row is there");
            }
        }
    }

    private void CheckEffects()
    {
        foreach (var effects in _effects)
        {
            var (queue, id) = effects.Key;
            if (effects.Count() > 1)
            {
                Find(Rule.HandledTwice, $"{id} had {effects.Count()} effects in {queue}");
            }

            if (!_stored.TryGetValue(id, out var stored))
            {
                Find(Rule.NeverCommitted, $"{id} had an effect in {queue}, but was never committed");
            }
            else if (!Subscribers.Of[stored.Kind].Contains(queue))
            {
                Find(Rule.NeverCommitted, $"{id}, a {stored.Kind}, had an effect in {queue}, where nobody sent it");
            }
            else if (effects.Any(effect => effect.At + Rounding < stored.DueAt))
            {
                Find(Rule.TooEarly, $"{id} was due at {stored.DueAt:HH:mm:ss.fff} and had its effect in {queue} at {effects.Min(effect => effect.At):HH:mm:ss.fff}");
            }
        }
    }

    private void CheckEveryMessage()
    {
        foreach (var stored in _evidence.Stored)
        {
            foreach (var queue in Subscribers.Of[stored.Kind])
            {
                CheckMessage(stored, queue);
            }
        }
    }

    private void CheckMessage(StoredRow stored, string queue)
    {
        var word = _words.GetValueOrDefault(stored.Id);
        var isHandled = _effects.Contains((queue, stored.Id));
        var waiting = _dead[(queue, stored.Id)].FirstOrDefault(dead => dead.IsWaiting);
        if (word.IsCancelled && isHandled)
        {
            Find(Rule.CancelledAndHandled, $"{stored.Id} was cancelled, but had its effect in {queue}");
        }

        if (waiting is { Reason: "" })
        {
            Find(Rule.NoReason, $"{stored.Id} is a dead letter of {queue} without a reason");
        }

        if (isHandled && waiting is not null)
        {
            Find(Rule.HandledAndDead, $"{stored.Id} had its effect in {queue} and waits as a dead letter: {waiting.Reason}");
        }
        else if (waiting is not null && !stored.IsPoison)
        {
            Find(Rule.LeftDead, $"{stored.Id} was mended, but is still a dead letter of {queue}: {waiting.Reason}");
        }
        else if (!isHandled && waiting is null && !word.MayBeCancelled && !IsLost(stored, queue))
        {
            Find(Rule.NotHandled, $"{stored.Id} was committed at {stored.StoredAt:HH:mm:ss.fff}, but had no effect in {queue} and is no dead letter");
        }
    }

    private bool IsLost(StoredRow stored, string queue) =>
        _evidence.Losses.Any(loss => (loss.Queue is null || loss.Queue == queue) && stored.StoredAt <= loss.Until);

    /// <summary>What has died and was replayed has no place in the order any more.</summary>
    private void CheckOrder()
    {
        var ordered = _evidence.Effects.Where(effect => effect is { Queue: Subscribers.Ordered, Key: not null }).ToList();
        foreach (var key in ordered.GroupBy(effect => effect.Key!))
        {
            string? before = null;
            StoredRow? last = null;
            foreach (var effect in key)
            {
                if (effect.After != before)
                {
                    Find(Rule.SideBySide, $"{effect.Id} of {key.Key} followed {before ?? "nothing"}, but had seen {effect.After ?? "nothing"} as the last");
                }

                before = effect.Id;
                if (_stored.GetValueOrDefault(effect.Id) is not { } stored || _dead.Contains((effect.Queue, effect.Id)))
                {
                    continue;
                }

                if (stored.Position < last?.Position)
                {
                    Find(Rule.OutOfOrder, $"{effect.Id} of {key.Key} is the commit {stored.Position}, but had its effect after {last.Id}, the commit {last.Position}");
                }

                last = stored;
            }
        }
    }

    private Outcome Result() => new()
    {
        Findings = _findings,
        Committed = _evidence.Stored.Count,
        Effects = _evidence.Effects.Count,
        Dead = _evidence.DeadLetters.Count(dead => dead.IsWaiting),
        Replayed = _evidence.DeadLetters.Count(dead => !dead.IsWaiting),
        RolledBack = _words.Values.Count(word => word.IsNotCommitted),
        Unknown = _words.Values.Count(word => word is { IsCommitted: false, IsNotCommitted: false }),
        UnknownAndStored = _words.Count(word => word.Value is { IsCommitted: false, IsNotCommitted: false } && _stored.ContainsKey(word.Key)),
        Cancelled = _words.Values.Count(word => word.IsCancelled),
        TakenByFaults = _evidence.Stored.Sum(stored => Subscribers.Of[stored.Kind].Count(queue =>
            IsLost(stored, queue) && !_effects.Contains((queue, stored.Id)) && !_dead[(queue, stored.Id)].Any(dead => dead.IsWaiting) && !_words.GetValueOrDefault(stored.Id).MayBeCancelled)),
    };

    private void Find(Rule rule, string text) => _findings.Add(new Finding(rule, text));

    /// <summary>All that the journal says of one message.</summary>
    private readonly record struct Word(bool IsCommitted, bool IsNotCommitted, bool IsCancelled, bool IsNotCancelled, bool MayBeCancelled)
    {
        public Word With(JournalAct act) => act switch
        {
            JournalAct.Committed => this with { IsCommitted = true },
            JournalAct.NotCommitted => this with { IsNotCommitted = true },
            JournalAct.AboutToCancel => this with { MayBeCancelled = !IsNotCancelled },
            JournalAct.Cancelled => this with { IsCancelled = true },
            JournalAct.NotCancelled => this with { IsNotCancelled = true, MayBeCancelled = false },
            _ => this,
        };
    }
}

/// <summary>What a check has found, and how much it has looked at.</summary>
internal sealed record Outcome
{
    public required IReadOnlyList<Finding> Findings { get; init; }
    public required int Committed { get; init; }
    public required int Effects { get; init; }
    public required int Dead { get; init; }
    public required int Replayed { get; init; }
    public required int RolledBack { get; init; }

    /// <summary>Messages whose commit nobody was told the end of; they may be there or not.</summary>
    public required int Unknown { get; init; }

    public required int UnknownAndStored { get; init; }
    public required int Cancelled { get; init; }

    /// <summary>Messages that a fault took from the broker after it had confirmed them.</summary>
    public required int TakenByFaults { get; init; }
}

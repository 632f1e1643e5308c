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

    // The last bytes of a send may still have been on their way to the witness.
    private static readonly TimeSpan OnTheWay = TimeSpan.FromSeconds(1);

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
        checker.CheckDeadLetters();
        checker.CheckEveryMessage();
        checker.CheckOrder();
        checker.CheckSends();
        checker.CheckStoring();
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
            if (effects.Count() > 1 && queue != Subscribers.AtLeastOnce)
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

    private void CheckDeadLetters()
    {
        foreach (var dead in _evidence.DeadLetters)
        {
            if (!_stored.TryGetValue(dead.Id, out var stored))
            {
                Find(Rule.NeverCommitted, $"{dead.Id} is a dead letter of {dead.Queue}, but was never committed");
            }
            else if (!Subscribers.Of[stored.Kind].Contains(dead.Queue))
            {
                Find(Rule.NeverCommitted, $"{dead.Id}, a {stored.Kind}, is a dead letter of {dead.Queue}, where nobody sent it");
            }
            else if (!stored.MayDie)
            {
                Find(Rule.DiedWithoutCause, $"{dead.Id} became a dead letter of {dead.Queue}: {dead.Reason}");
            }
            else if (dead.Attempts < stored.AttemptsToDie)
            {
                Find(Rule.DiedWithoutCause, $"{dead.Id} became a dead letter of {dead.Queue} after {dead.Attempts} of {stored.AttemptsToDie} attempts: {dead.Reason}");
            }
        }

        foreach (var waiting in _evidence.DeadLetters.Where(dead => dead.IsWaiting).GroupBy(dead => (dead.Queue, dead.Id)).Where(all => all.Count() > 1))
        {
            Find(Rule.DeadTwice, $"{waiting.Key.Id} waits as {waiting.Count()} dead letters of {waiting.Key.Queue}");
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
        // Where the answer to a cancelling is not known, the history knows.
        var isExcused = (word.MayBeCancelled && _evidence.Cancelled.Contains(stored.Id)) || (stored.Kind == nameof(Direct) && !word.IsCommitted);
        var isHandled = _effects.Contains((queue, stored.Id));
        var dead = _dead[(queue, stored.Id)].FirstOrDefault(row => row.IsWaiting || row.IsDiscarded);
        if (word.IsCancelled && isHandled)
        {
            Find(Rule.CancelledAndHandled, $"{stored.Id} was cancelled, but had its effect in {queue}");
        }

        if (dead is { Reason: "" })
        {
            Find(Rule.NoReason, $"{stored.Id} is a dead letter of {queue} without a reason");
        }

        if (isHandled && dead is not null)
        {
            Find(Rule.HandledAndDead, $"{stored.Id} had its effect in {queue} and is a dead letter: {dead.Reason}");
        }
        else if (dead is not null && stored.MayDie && (dead.IsWaiting || !stored.IsHopeless))
        {
            Find(Rule.LeftDead, $"{stored.Id} is still a dead letter of {queue}, {(dead.IsDiscarded ? "discarded" : "waiting")}: {dead.Reason}");
        }
        else if (!isHandled && dead is null && !isExcused && !IsLost(stored, queue))
        {
            Find(Rule.NotHandled, $"{stored.Id} was committed at {stored.StoredAt:HH:mm:ss.fff}, but had no effect in {queue} and is no dead letter");
        }
    }

    /// <summary>What was not due yet was not with the broker.</summary>
    private bool IsLost(StoredRow stored, string queue) =>
        _evidence.Losses.Any(loss => (loss.Queue is null || loss.Queue == queue) && stored.StoredAt <= loss.Until && !(stored.DueAt > loss.Until));

    /// <summary>What had a reason to die and was replayed, or becomes due later, has no place in the order.</summary>
    private void CheckOrder()
    {
        var ordered = _evidence.Effects.Where(effect => effect.Key is not null && Subscribers.InOrder.Contains(effect.Queue)).ToList();
        foreach (var key in ordered.GroupBy(effect => (effect.Queue, effect.Key)))
        {
            string? before = null;
            StoredRow? last = null;
            foreach (var effect in key)
            {
                if (effect.After != before)
                {
                    Find(Rule.SideBySide, $"{effect.Id} of {key.Key.Key} followed {before ?? "nothing"}, but had seen {effect.After ?? "nothing"} as the last");
                }

                before = effect.Id;
                if (_stored.GetValueOrDefault(effect.Id) is not { DueAt: null } stored || (stored.MayDie && _dead.Contains((effect.Queue, effect.Id))))
                {
                    continue;
                }

                if (stored.Position < last?.Position)
                {
                    Find(Rule.OutOfOrder, $"{effect.Id} of {key.Key.Key} is the commit {stored.Position}, but had its effect after {last.Id}, the commit {last.Position}");
                }

                last = stored;
            }
        }
    }

    /// <summary>
    /// What was cancelled after its lease had run out is not sent by whoever had it in hand. A message that was seen before
    /// proves nothing: then a copy may be on its way.
    /// </summary>
    private void CheckSends()
    {
        foreach (var line in _evidence.Journal.Where(line => line.Act == JournalAct.CancelledPerhaps))
        {
            var id = line.Ids[0];
            if (_stored.TryGetValue(id, out var stored) && _evidence.Sightings.TryGetValue(id, out var seen) && seen > line.At + OnTheWay
                && !_evidence.Blind.Any(blind => blind.From <= seen && blind.Until >= stored.StoredAt && (blind.Process is null || id.StartsWith($"{blind.Process}.", StringComparison.Ordinal))))
            {
                Find(Rule.SentAfterCancel, $"{id} was cancelled at {line.At:HH:mm:ss.fff} and first sent at {seen:HH:mm:ss.fff}");
            }
        }
    }

    /// <summary>Storing fails with the database alone.</summary>
    private void CheckStoring()
    {
        foreach (var line in _evidence.Journal.Where(line => line.Act == JournalAct.StoringRefused))
        {
            Find(Rule.StoringRefused, $"{line.Ids[0]} could not be stored at {line.At:HH:mm:ss.fff}, which was not the database's fault: {line.Why?.Split('\n')[0]}");
        }
    }

    /// <summary>What has to happen in any run that is to say something.</summary>
    private IEnumerable<string> Untried()
    {
        foreach (var queue in Subscribers.Queues.Except(_evidence.Effects.Select(effect => effect.Queue)))
        {
            yield return $"nothing had an effect in {queue}";
        }

        foreach (var (what, hasHappened) in new[]
        {
            ("was committed", _words.Values.Any(word => word.IsCommitted)),
            ("was rolled back", _words.Values.Any(word => word.IsNotCommitted)),
            ("was cancelled", _words.Values.Any(word => word.IsCancelled)),
            ("was published without an outbox", _evidence.Stored.Any(stored => stored.Kind == nameof(Direct) && _words.GetValueOrDefault(stored.Id).IsCommitted)),
            ("was replayed", _evidence.DeadLetters.Any(dead => dead is { IsWaiting: false, IsDiscarded: false })),
        })
        {
            if (!hasHappened)
            {
                yield return $"nothing {what}";
            }
        }
    }

    private Outcome Result() => new()
    {
        Untried = [.. Untried()],
        Findings = _findings,
        Committed = _evidence.Stored.Count,
        Effects = _evidence.Effects.Count,
        Dead = _evidence.DeadLetters.Count(dead => dead.IsDiscarded),
        Replayed = _evidence.DeadLetters.Count(dead => dead is { IsWaiting: false, IsDiscarded: false }),
        RolledBack = _words.Values.Count(word => word.IsNotCommitted),
        Unknown = _words.Values.Count(word => word is { IsCommitted: false, IsNotCommitted: false }),
        UnknownAndStored = _words.Count(word => word.Value is { IsCommitted: false, IsNotCommitted: false } && _stored.ContainsKey(word.Key)),
        Cancelled = _words.Values.Count(word => word.IsCancelled),
        CancelledPerhaps = _words.Values.Count(word => word is { MayBeCancelled: true, IsCancelled: false }),
        StoringFailed = _evidence.Journal.Count(line => line.Act == JournalAct.StoringFailed),
        TakenByFaults = _evidence.Stored.Sum(stored => Subscribers.Of[stored.Kind].Count(queue =>
            IsLost(stored, queue) && !_effects.Contains((queue, stored.Id)) && !_dead[(queue, stored.Id)].Any(dead => dead.IsWaiting || dead.IsDiscarded) && !_words.GetValueOrDefault(stored.Id).MayBeCancelled)),
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

    /// <summary>What did not happen at all, though it should in a run of a minute.</summary>
    public required IReadOnlyList<string> Untried { get; init; }

    public required int Committed { get; init; }
    public required int Effects { get; init; }
    public required int Dead { get; init; }
    public required int Replayed { get; init; }
    public required int RolledBack { get; init; }

    /// <summary>Messages whose commit nobody was told the end of; they may be there or not.</summary>
    public required int Unknown { get; init; }

    public required int UnknownAndStored { get; init; }
    public required int Cancelled { get; init; }

    /// <summary>Messages of which nobody was told whether they are cancelled.</summary>
    public int CancelledPerhaps { get; init; }

    /// <summary>Transactions that the database, or the line to it, did not let through.</summary>
    public int StoringFailed { get; init; }

    /// <summary>Messages that a fault took from the broker after it had confirmed them.</summary>
    public required int TakenByFaults { get; init; }
}

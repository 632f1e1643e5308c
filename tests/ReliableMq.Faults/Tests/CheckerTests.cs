using ReliableMq.Faults.Checking;
using ReliableMq.Faults.Running;
using ReliableMq.Faults.Workload;
using Shouldly;
using Xunit;

namespace ReliableMq.Faults.Tests;

public sealed class CheckerTests
{
    private static readonly DateTime Noon = new(2030, 1, 1, 12, 0, 0, DateTimeKind.Utc);

    [Fact]
    public void A_message_with_one_effect_is_no_finding() =>
        RulesOf(Committed("a") with { Effects = [Effect("a")] }).ShouldBeEmpty();

    [Fact]
    public void A_committed_message_without_an_effect_is_found() =>
        RulesOf(Committed("a")).ShouldBe([Rule.NotHandled]);

    [Fact]
    public void A_message_that_only_one_of_two_subscribers_handled_is_found() =>
        RulesOf(Committed("a", nameof(Notice)) with { Effects = [Effect("a", "faults.notices-first")] }).ShouldBe([Rule.NotHandled]);

    [Fact]
    public void A_second_effect_is_found() =>
        RulesOf(Committed("a") with { Effects = [Effect("a"), Effect("a")] }).ShouldBe([Rule.HandledTwice]);

    [Fact]
    public void Without_an_inbox_a_second_effect_is_none_too_many_and_no_effect_is_found()
    {
        var glimpse = Committed("a", nameof(Glimpse));
        RulesOf(glimpse with { Effects = [Effect("a", Subscribers.AtLeastOnce), Effect("a", Subscribers.AtLeastOnce)] }).ShouldBeEmpty();
        RulesOf(glimpse).ShouldBe([Rule.NotHandled]);
    }

    [Fact]
    public void An_effect_of_what_was_rolled_back_is_found() =>
        RulesOf(new Evidence { Journal = [new(JournalAct.About, ["a"]), new(JournalAct.NotCommitted, ["a"])], Effects = [Effect("a")] }).ShouldBe([Rule.NeverCommitted]);

    [Fact]
    public void A_commit_of_unknown_outcome_may_be_there_or_not_and_its_business_row_says_which()
    {
        var unknown = new Evidence { Journal = [new(JournalAct.About, ["a"]), new(JournalAct.Unknown, ["a"])] };
        RulesOf(unknown).ShouldBeEmpty();
        RulesOf(unknown with { Stored = [Row("a")] }).ShouldBe([Rule.NotHandled]);
        RulesOf(unknown with { Effects = [Effect("a")] }).ShouldBe([Rule.NeverCommitted]);
        Checker.Check(unknown).Unknown.ShouldBe(1);
    }

    [Fact]
    public void A_message_of_which_the_journal_only_knows_the_beginning_is_of_unknown_outcome() =>
        RulesOf(new Evidence { Journal = [new(JournalAct.About, ["a"])] }).ShouldBeEmpty();

    [Fact]
    public void An_acknowledged_commit_that_is_not_there_is_found() =>
        RulesOf(Committed("a") with { Stored = [] }).ShouldBe([Rule.CommitLost]);

    [Fact]
    public void A_rollback_that_is_stored_is_found() =>
        RulesOf(new Evidence { Journal = [new(JournalAct.NotCommitted, ["a"])], Stored = [Row("a")], Effects = [Effect("a")] }).ShouldBe([Rule.RollbackStored]);

    [Fact]
    public void What_is_hopeless_is_discarded_and_nothing_else_is_left_dead()
    {
        var waiting = Committed("a") with { DeadLetters = [Dead("a")] };
        var discarded = Committed("a") with { DeadLetters = [Discarded("a")] };
        RulesOf(discarded with { Stored = [Poison("a")] }).ShouldBeEmpty();
        RulesOf(discarded with { Stored = [Mortal("a")] }).ShouldBe([Rule.LeftDead]);
        RulesOf(discarded with { Stored = [Poison("a")], Effects = [Effect("a")] }).ShouldBe([Rule.HandledAndDead]);
        RulesOf(waiting with { Stored = [Poison("a")] }).ShouldBe([Rule.LeftDead]);
        RulesOf(waiting with { Stored = [Mortal("a")] }).ShouldBe([Rule.LeftDead]);
        RulesOf(waiting with { Stored = [Mortal("a")], Effects = [Effect("a")] }).ShouldBe([Rule.HandledAndDead]);
        RulesOf(discarded with { Stored = [Poison("a")], DeadLetters = [Discarded("a") with { Reason = "" }] }).ShouldBe([Rule.NoReason]);
    }

    [Fact]
    public void What_would_have_been_handled_must_not_die_even_if_it_was_replayed_and_handled()
    {
        var died = Committed("a") with { DeadLetters = [Dead("a") with { IsWaiting = false }], Effects = [Effect("a")] };
        RulesOf(died with { Stored = [Mortal("a")] }).ShouldBeEmpty();
        RulesOf(died).ShouldBe([Rule.DiedWithoutCause]);
    }

    [Fact]
    public void Poison_dies_after_all_its_attempts()
    {
        var poison = Committed("a") with { Stored = [Poison("a")] };
        RulesOf(poison with { DeadLetters = [Discarded("a") with { Attempts = Fates.MostAttempts }] }).ShouldBeEmpty();
        RulesOf(poison with { DeadLetters = [Discarded("a") with { Attempts = Fates.MostAttempts - 1 }] }).ShouldBe([Rule.DiedWithoutCause]);
        RulesOf(poison with { Stored = [Mortal("a")], DeadLetters = [Dead("a") with { Attempts = 1, IsWaiting = false }], Effects = [Effect("a")] }).ShouldBeEmpty();
    }

    [Fact]
    public void A_replayed_dead_letter_is_no_place_to_stay() =>
        RulesOf(Committed("a") with { Stored = [Mortal("a")], DeadLetters = [Dead("a") with { IsWaiting = false }] }).ShouldBe([Rule.NotHandled]);

    [Fact]
    public void A_dead_letter_of_what_was_not_committed_or_not_sent_there_is_found()
    {
        RulesOf(new Evidence { Journal = [new(JournalAct.NotCommitted, ["a"])], DeadLetters = [Dead("a")] }).ShouldBe([Rule.NeverCommitted]);
        RulesOf(new Evidence { DeadLetters = [Dead("unreadable: {") with { IsWaiting = false }] }).ShouldBe([Rule.NeverCommitted]);
        RulesOf(Committed("a") with { Effects = [Effect("a")], DeadLetters = [Dead("a") with { Queue = "faults.packs" }] }).ShouldBe([Rule.NeverCommitted]);
    }

    [Fact]
    public void One_message_waits_as_one_dead_letter_of_a_queue()
    {
        var poison = Committed("a") with { Stored = [Poison("a")] };
        RulesOf(poison with { DeadLetters = [Discarded("a"), Dead("a"), Dead("a")] }).ShouldBe([Rule.DeadTwice]);
        RulesOf(poison with { DeadLetters = [Dead("a") with { IsWaiting = false }, Discarded("a")] }).ShouldBeEmpty();
    }

    [Fact]
    public void What_was_cancelled_has_no_effect_and_what_was_not_has_one()
    {
        var cancelling = Committed("a");
        cancelling = cancelling with { Journal = [.. cancelling.Journal, new(JournalAct.AboutToCancel, ["a"])] };
        var cancelled = cancelling with { Journal = [.. cancelling.Journal, new(JournalAct.Cancelled, ["a"])] };
        var late = cancelling with { Journal = [.. cancelling.Journal, new(JournalAct.NotCancelled, ["a"])] };
        RulesOf(cancelling).ShouldBe([Rule.NotHandled]);
        RulesOf(cancelling with { Cancelled = new HashSet<string> { "a" } }).ShouldBeEmpty();
        RulesOf(cancelling with { Effects = [Effect("a")] }).ShouldBeEmpty();
        RulesOf(cancelled with { Cancelled = new HashSet<string> { "a" } }).ShouldBeEmpty();
        RulesOf(cancelled with { Effects = [Effect("a")] }).ShouldBe([Rule.CancelledAndHandled]);
        RulesOf(late).ShouldBe([Rule.NotHandled]);
    }

    [Fact]
    public void What_was_cancelled_in_hand_is_not_sent_afterwards()
    {
        var cancelled = CancelledLate();
        RulesOf(cancelled).ShouldBeEmpty();
        RulesOf(cancelled with { Effects = [Effect("a")] }).ShouldBeEmpty();
        RulesOf(cancelled with { Sightings = SeenAfter(-1) }).ShouldBeEmpty();
        RulesOf(cancelled with { Sightings = SeenAfter(0.5) }).ShouldBeEmpty();
        RulesOf(cancelled with { Sightings = SeenAfter(5) }).ShouldBe([Rule.SentAfterCancel]);
    }

    [Theory]
    [InlineData(-20d, -1d, true)]
    [InlineData(-20d, 1d, false)]
    [InlineData(14d, 14d, false)]
    [InlineData(16d, 20d, true)]
    public void A_late_sighting_counts_unless_the_line_stood_still_or_a_process_stopped_meanwhile(double from, double until, bool counts) =>
        RulesOf(CancelledLate() with { Sightings = SeenAfter(5), Blind = [new Blind(Noon.AddSeconds(from), Noon.AddSeconds(until))] })
            .ShouldBe(counts ? [Rule.SentAfterCancel] : []);

    [Fact]
    public void What_is_published_without_an_outbox_is_promised_when_the_broker_has_said_so()
    {
        RulesOf(Committed("a", nameof(Direct))).ShouldBe([Rule.NotHandled]);
        RulesOf(new Evidence { Journal = [new(JournalAct.About, ["a"])], Stored = [Row("a", nameof(Direct))] }).ShouldBeEmpty();
    }

    [Fact]
    public void Storing_fails_with_the_database_alone()
    {
        var failed = new Evidence { Journal = [new(JournalAct.NotCommitted, ["a"]), new(JournalAct.StoringFailed, ["a"])] };
        RulesOf(failed).ShouldBeEmpty();
        Checker.Check(failed).StoringFailed.ShouldBe(1);
    }

    [Fact]
    public void Effects_of_a_key_follow_its_commits()
    {
        RulesOf(Ordered(("a", null), ("b", "a"))).ShouldBeEmpty();
        RulesOf(Ordered(("b", null), ("a", "b"))).ShouldBe([Rule.OutOfOrder]);
    }

    [Fact]
    public void Two_of_a_key_at_once_are_found_even_in_the_right_order() =>
        RulesOf(Ordered(("a", null), ("b", null))).ShouldBe([Rule.SideBySide]);

    [Fact]
    public void What_had_a_reason_to_die_and_was_replayed_has_no_place_in_the_order()
    {
        var replayed = Ordered(("b", null), ("a", "b")) with { DeadLetters = [new(Subscribers.Ordered, "a", "died", IsWaiting: false)] };
        RulesOf(replayed with { Stored = [replayed.Stored[0] with { MayDie = true }, replayed.Stored[1]] }).ShouldBeEmpty();
        RulesOf(replayed).ShouldBe([Rule.DiedWithoutCause, Rule.OutOfOrder]);
    }

    [Fact]
    public void What_becomes_due_later_has_no_place_in_the_order_either()
    {
        var scheduled = Ordered(("b", null), ("a", "b"));
        RulesOf(scheduled with { Stored = [scheduled.Stored[0] with { DueAt = Noon }, scheduled.Stored[1]] }).ShouldBeEmpty();
    }

    [Fact]
    public void An_effect_before_its_time_is_found() =>
        RulesOf(Committed("a") with { Stored = [Row("a") with { DueAt = Noon.AddSeconds(5) }], Effects = [Effect("a") with { At = Noon.AddSeconds(4) }] }).ShouldBe([Rule.TooEarly]);

    [Fact]
    public void What_a_fault_took_from_the_broker_is_counted_and_not_blamed()
    {
        var taken = Committed("a") with { Losses = [new Loss("faults.items", Noon.AddSeconds(1))] };
        RulesOf(taken).ShouldBeEmpty();
        Checker.Check(taken).TakenByFaults.ShouldBe(1);
        RulesOf(taken with { Losses = [new Loss("faults.items", Noon.AddSeconds(-1))] }).ShouldBe([Rule.NotHandled]);
        RulesOf(taken with { Losses = [new Loss("faults.packs", Noon.AddSeconds(1))] }).ShouldBe([Rule.NotHandled]);
        RulesOf(taken with { Effects = [Effect("a"), Effect("a")] }).ShouldBe([Rule.HandledTwice]);
        RulesOf(taken with { Stored = [Row("a") with { DueAt = Noon.AddSeconds(1) }] }).ShouldBeEmpty();
        RulesOf(taken with { Stored = [Row("a") with { DueAt = Noon.AddSeconds(2) }] }).ShouldBe([Rule.NotHandled]);
    }

    [Fact]
    public void What_a_run_did_not_try_is_told()
    {
        string[] queues = [.. Subscribers.Of.Values.SelectMany(all => all)];
        Checker.Check(new Evidence()).Untried.ShouldBe(
            [.. queues.Select(queue => $"nothing had an effect in {queue}"), "nothing was committed", "nothing was rolled back", "nothing was cancelled", "nothing was published without an outbox", "nothing was replayed"]);
        Checker.Check(new Evidence
        {
            Effects = [.. queues.Select(queue => Effect("a", queue))],
            Stored = [Row("d", nameof(Direct))],
            Journal = [new(JournalAct.Committed, ["a"]), new(JournalAct.NotCommitted, ["b"]), new(JournalAct.Cancelled, ["c"]), new(JournalAct.Committed, ["d"])],
            DeadLetters = [Dead("a") with { IsWaiting = false }],
        }).Untried.ShouldBeEmpty();
    }

    /// <summary>For each rule evidence that breaks it and nothing else. What is left over or miscounted, and how a run went, is no matter of evidence: see <see cref="LeftOversTests"/>.</summary>
    private static readonly Dictionary<Rule, Evidence> Breaches = new()
    {
        [Rule.NotHandled] = Committed("a"),
        [Rule.LeftDead] = Committed("a") with { Stored = [Mortal("a")], DeadLetters = [Dead("a")] },
        [Rule.DiedWithoutCause] = Committed("a") with { DeadLetters = [Dead("a")] },
        [Rule.DeadTwice] = Committed("a") with { Stored = [Poison("a")], DeadLetters = [Discarded("a"), Dead("a"), Dead("a")] },
        [Rule.HandledTwice] = Committed("a") with { Effects = [Effect("a"), Effect("a")] },
        [Rule.HandledAndDead] = Committed("a") with { Stored = [Poison("a")], Effects = [Effect("a")], DeadLetters = [Dead("a")] },
        [Rule.NoReason] = Committed("a") with { Stored = [Poison("a")], DeadLetters = [Discarded("a") with { Reason = "" }] },
        [Rule.NeverCommitted] = new Evidence { Effects = [Effect("a")] },
        [Rule.CommitLost] = Committed("a") with { Stored = [] },
        [Rule.RollbackStored] = Committed("a") with { Journal = [new(JournalAct.NotCommitted, ["a"])], Effects = [Effect("a")] },
        [Rule.CancelledAndHandled] = Committed("a") with { Journal = [new(JournalAct.Committed, ["a"]), new(JournalAct.AboutToCancel, ["a"]), new(JournalAct.Cancelled, ["a"])], Effects = [Effect("a")] },
        [Rule.StoringRefused] = new Evidence { Journal = [new(JournalAct.NotCommitted, ["a"]), new(JournalAct.StoringRefused, ["a"])] },
        [Rule.OutOfOrder] = Ordered(("b", null), ("a", "b")),
        [Rule.SideBySide] = Ordered(("a", null), ("b", null)),
        [Rule.SentAfterCancel] = CancelledLate() with { Sightings = SeenAfter(5) },
        [Rule.TooEarly] = Committed("a") with { Stored = [Row("a") with { DueAt = Noon.AddSeconds(5) }], Effects = [Effect("a")] },
    };

    [Fact]
    public void Every_rule_is_broken_by_some_evidence_and_that_breaks_no_other()
    {
        Breaches.Keys.Union([Rule.LeftOver, Rule.Miscounted, Rule.Trivial, Rule.OperatorNeeded, Rule.Busy, Rule.ProcessEnded]).Order().ShouldBe(Enum.GetValues<Rule>().Order());
        Breaches.ShouldAllBe(breach => RulesOf(breach.Value).SequenceEqual(new[] { breach.Key }));
    }

    /// <summary>Stored at noon and cancelled ten seconds later.</summary>
    private static Evidence CancelledLate()
    {
        var committed = Committed("a");
        return committed with { Cancelled = new HashSet<string> { "a" }, Journal = [.. committed.Journal, new(JournalAct.AboutToCancel, ["a"]), new(JournalAct.CancelledPerhaps, ["a"], Noon.AddSeconds(10))] };
    }

    private static Dictionary<string, DateTime> SeenAfter(double seconds) => new() { ["a"] = Noon.AddSeconds(10 + seconds) };

    private static DeadRow Dead(string id) => new("faults.items", id, "poison", IsWaiting: true);

    private static DeadRow Discarded(string id) => Dead(id) with { IsWaiting = false, IsDiscarded = true };

    private static List<Rule> RulesOf(Evidence evidence) => [.. Checker.Check(evidence).Findings.Select(finding => finding.Rule)];

    private static StoredRow Row(string id, string kind = nameof(Item)) => new(id, kind, StoredAt: Noon);

    private static StoredRow Mortal(string id) => Row(id) with { MayDie = true };

    private static StoredRow Poison(string id) => Mortal(id) with { IsHopeless = true, AttemptsToDie = Fates.MostAttempts };

    private static EffectRow Effect(string id, string queue = "faults.items") => new(queue, id, At: Noon);

    private static Evidence Committed(string id, string kind = nameof(Item)) => new()
    {
        Journal = [new(JournalAct.About, [id]), new(JournalAct.Committed, [id])],
        Stored = [Row(id, kind)],
    };

    /// <summary>Two messages of a key, "a" committed before "b", with the effects that are given.</summary>
    private static Evidence Ordered(params (string Id, string? After)[] effects) => new()
    {
        Stored = [Row("a", nameof(Entry)) with { Key = "k", Position = 1 }, Row("b", nameof(Entry)) with { Key = "k", Position = 2 }],
        Effects = [.. effects.Select(effect => new EffectRow(Subscribers.Ordered, effect.Id, "k", effect.After, Noon))],
    };
}

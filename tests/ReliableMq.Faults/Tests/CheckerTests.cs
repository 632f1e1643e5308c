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
    public void Poison_may_be_left_dead_and_nothing_else_may()
    {
        var dead = Committed("a") with { DeadLetters = [new("faults.items", "a", "poison", IsWaiting: true)] };
        RulesOf(dead with { Stored = [Row("a") with { IsPoison = true }] }).ShouldBeEmpty();
        RulesOf(dead).ShouldBe([Rule.LeftDead]);
        RulesOf(dead with { Effects = [Effect("a")] }).ShouldBe([Rule.HandledAndDead]);
        RulesOf(dead with { Stored = [Row("a") with { IsPoison = true }], DeadLetters = [new("faults.items", "a", "", IsWaiting: true)] }).ShouldBe([Rule.NoReason]);
    }

    [Fact]
    public void A_replayed_dead_letter_is_no_place_to_stay() =>
        RulesOf(Committed("a") with { DeadLetters = [new("faults.items", "a", "poison", IsWaiting: false)] }).ShouldBe([Rule.NotHandled]);

    [Fact]
    public void What_was_cancelled_has_no_effect_and_what_was_not_has_one()
    {
        var cancelling = Committed("a");
        cancelling = cancelling with { Journal = [.. cancelling.Journal, new(JournalAct.AboutToCancel, ["a"])] };
        var cancelled = cancelling with { Journal = [.. cancelling.Journal, new(JournalAct.Cancelled, ["a"])] };
        var late = cancelling with { Journal = [.. cancelling.Journal, new(JournalAct.NotCancelled, ["a"])] };
        RulesOf(cancelling).ShouldBeEmpty();
        RulesOf(cancelling with { Effects = [Effect("a")] }).ShouldBeEmpty();
        RulesOf(cancelled).ShouldBeEmpty();
        RulesOf(cancelled with { Effects = [Effect("a")] }).ShouldBe([Rule.CancelledAndHandled]);
        RulesOf(late).ShouldBe([Rule.NotHandled]);
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
    public void What_was_replayed_has_no_place_in_the_order() =>
        RulesOf(Ordered(("b", null), ("a", "b")) with { DeadLetters = [new(Subscribers.Ordered, "a", "died", IsWaiting: false)] }).ShouldBeEmpty();

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
    }

    /// <summary>For each rule evidence that breaks it and nothing else. What is left over or miscounted is no matter of evidence: see <see cref="LeftOversTests"/>.</summary>
    private static readonly Dictionary<Rule, Evidence> Breaches = new()
    {
        [Rule.NotHandled] = Committed("a"),
        [Rule.LeftDead] = Committed("a") with { DeadLetters = [Dead("a")] },
        [Rule.HandledTwice] = Committed("a") with { Effects = [Effect("a"), Effect("a")] },
        [Rule.HandledAndDead] = Committed("a") with { Effects = [Effect("a")], DeadLetters = [Dead("a")] },
        [Rule.NoReason] = Committed("a") with { Stored = [Row("a") with { IsPoison = true }], DeadLetters = [Dead("a") with { Reason = "" }] },
        [Rule.NeverCommitted] = new Evidence { Effects = [Effect("a")] },
        [Rule.CommitLost] = Committed("a") with { Stored = [] },
        [Rule.RollbackStored] = Committed("a") with { Journal = [new(JournalAct.NotCommitted, ["a"])], Effects = [Effect("a")] },
        [Rule.CancelledAndHandled] = Committed("a") with { Journal = [new(JournalAct.Committed, ["a"]), new(JournalAct.AboutToCancel, ["a"]), new(JournalAct.Cancelled, ["a"])], Effects = [Effect("a")] },
        [Rule.OutOfOrder] = Ordered(("b", null), ("a", "b")),
        [Rule.SideBySide] = Ordered(("a", null), ("b", null)),
        [Rule.TooEarly] = Committed("a") with { Stored = [Row("a") with { DueAt = Noon.AddSeconds(5) }], Effects = [Effect("a")] },
    };

    [Fact]
    public void Every_rule_is_broken_by_some_evidence_and_that_breaks_no_other()
    {
        Breaches.Keys.Append(Rule.LeftOver).Append(Rule.Miscounted).Order().ShouldBe(Enum.GetValues<Rule>().Order());
        Breaches.ShouldAllBe(breach => RulesOf(breach.Value).SequenceEqual(new[] { breach.Key }));
    }

    private static DeadRow Dead(string id) => new("faults.items", id, "poison", IsWaiting: true);

    private static List<Rule> RulesOf(Evidence evidence) => [.. Checker.Check(evidence).Findings.Select(finding => finding.Rule)];

    private static StoredRow Row(string id, string kind = nameof(Item)) => new(id, kind, StoredAt: Noon);

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

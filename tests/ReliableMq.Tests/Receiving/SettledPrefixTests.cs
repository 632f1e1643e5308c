using ReliableMq.Receiving;

namespace ReliableMq.Tests.Receiving;

public sealed class SettledPrefixTests
{
    private readonly SettledPrefix _prefix = new();

    [Fact]
    public void Nothing_to_ack_is_no_plan() => ShouldPlan(acks: [], nacks: [], multipleUpTo: 0, singles: []);

    [Fact]
    public void One_ack_at_the_start_goes_alone() => ShouldPlan(acks: [1], nacks: [], multipleUpTo: 0, singles: [1]);

    [Fact]
    public void Acks_without_a_gap_go_as_one() => ShouldPlan(acks: [2, 1, 3], nacks: [], multipleUpTo: 3, singles: []);

    [Fact]
    public void An_ack_above_a_held_delivery_goes_alone() => ShouldPlan(acks: [2, 4, 3], nacks: [], multipleUpTo: 0, singles: [2, 3, 4]);

    [Fact]
    public void Acks_below_a_held_delivery_go_as_one_and_those_above_alone() =>
        ShouldPlan(acks: [1, 2, 4, 6], nacks: [], multipleUpTo: 2, singles: [4, 6]);

    [Fact]
    public void A_single_ack_below_the_gap_comes_first_among_singles() =>
        ShouldPlan(acks: [3, 1], nacks: [], multipleUpTo: 0, singles: [1, 3]);

    [Fact]
    public void A_nacked_delivery_is_no_gap()
    {
        ShouldPlan(acks: [1, 3], nacks: [2], multipleUpTo: 3, singles: []);
        ShouldPlan(acks: [6], nacks: [4], multipleUpTo: 0, singles: [6]);
        ShouldPlan(acks: [5, 7], nacks: [], multipleUpTo: 7, singles: []);
    }

    [Fact]
    public void Nacks_alone_move_the_prefix()
    {
        ShouldPlan(acks: [], nacks: [2, 1], multipleUpTo: 0, singles: []);
        ShouldPlan(acks: [3, 4], nacks: [], multipleUpTo: 4, singles: []);
    }

    [Fact]
    public void A_trailing_nack_is_not_acked_with_the_rest()
    {
        ShouldPlan(acks: [1, 2], nacks: [3], multipleUpTo: 2, singles: []);
        ShouldPlan(acks: [4, 5], nacks: [], multipleUpTo: 5, singles: []);
    }

    [Fact]
    public void A_held_delivery_that_settles_at_last_joins_what_was_acked_above_it()
    {
        ShouldPlan(acks: [2, 3], nacks: [], multipleUpTo: 0, singles: [2, 3]);
        ShouldPlan(acks: [5], nacks: [], multipleUpTo: 0, singles: [5]);
        ShouldPlan(acks: [1, 4], nacks: [], multipleUpTo: 4, singles: []);
        ShouldPlan(acks: [6, 7], nacks: [], multipleUpTo: 7, singles: []);
    }

    private void ShouldPlan(ulong[] acks, ulong[] nacks, ulong multipleUpTo, ulong[] singles)
    {
        var plan = _prefix.Plan(acks, nacks);

        plan.MultipleUpTo.ShouldBe(multipleUpTo);
        plan.Singles.ShouldBe(singles);
    }
}

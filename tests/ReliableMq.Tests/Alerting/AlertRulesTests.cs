using ReliableMq.Alerting;

namespace ReliableMq.Tests.Alerting;

public sealed class AlertRulesTests
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 5)]
    [InlineData(3, 30)]
    [InlineData(4, 60)]
    [InlineData(5, 60)]
    [InlineData(1_000_000, 60)]
    public void A_sink_has_peace_for_longer_after_each_telling(int telling, int minutes) =>
        AlertRules.PeaceAfter(telling).ShouldBe(TimeSpan.FromMinutes(minutes));

    [Fact]
    public void A_sink_that_fails_is_tried_later_and_later_and_for_ever()
    {
        AlertRules.DelayAfter(1, random: 0).ShouldBe(TimeSpan.FromSeconds(1));
        AlertRules.DelayAfter(1, random: 1).ShouldBe(TimeSpan.FromSeconds(2));
        AlertRules.DelayAfter(4, random: 1).ShouldBe(TimeSpan.FromSeconds(16));
        AlertRules.DelayAfter(int.MaxValue, random: 1).ShouldBe(TimeSpan.FromMinutes(15));
    }

    [Fact]
    public void A_sink_must_answer_well_before_others_may_tell_it() =>
        AlertRules.Patience.ShouldBeLessThanOrEqualTo(AlertRules.Lease / 2);

    [Fact]
    public void The_next_look_is_at_once_while_there_is_more_and_else_when_something_is_due()
    {
        AlertRules.NextPoll(new AlertPoll([], GatheredAll: true, null, null), Interval).ShouldBe(Interval);
        AlertRules.NextPoll(new AlertPoll([], GatheredAll: false, null, null), Interval).ShouldBe(TimeSpan.Zero);
        AlertRules.NextPoll(new AlertPoll([], GatheredAll: true, Some.ClaimedAlert(), null), Interval).ShouldBe(TimeSpan.Zero);
        AlertRules.NextPoll(new AlertPoll([], GatheredAll: true, null, TimeSpan.FromSeconds(2)), Interval).ShouldBe(TimeSpan.FromSeconds(2));
        AlertRules.NextPoll(new AlertPoll([], GatheredAll: true, null, TimeSpan.FromHours(1)), Interval).ShouldBe(Interval);
        // A row that another process holds locked looks due for ever.
        AlertRules.NextPoll(new AlertPoll([], GatheredAll: true, null, TimeSpan.FromSeconds(-9)), Interval).ShouldBe(TimeSpan.FromMilliseconds(100));
    }
}

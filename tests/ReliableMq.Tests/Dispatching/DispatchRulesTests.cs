using ReliableMq.Broker;
using ReliableMq.Dispatching;
using ReliableMq.Outbox;

namespace ReliableMq.Tests.Dispatching;

public sealed class DispatchRulesTests
{
    [Theory]
    [InlineData("Returned", 1, 1)]
    [InlineData("Returned", 2, 2)]
    [InlineData("Returned", 6, 32)]
    [InlineData("Returned", 7, 60)]
    [InlineData("Returned", 1_000, 60)]
    [InlineData("Nacked", 1, 1)]
    [InlineData("Nacked", 9, 256)]
    [InlineData("Nacked", 10, 300)]
    [InlineData("TimedOut", 1_000, 300)]
    [InlineData("Refused", 1_000, 300)]
    public void Delays_double_to_a_minute_where_resending_harms_nobody_and_to_five_where_it_may(string result, int attempts, int seconds)
    {
        DispatchRules.DelayAfter(Enum.Parse<PublishResult>(result), attempts, random: 1).ShouldBe(TimeSpan.FromSeconds(seconds));
        DispatchRules.DelayAfter(Enum.Parse<PublishResult>(result), attempts, random: 0).ShouldBe(TimeSpan.FromSeconds(seconds / 2d));
    }

    [Theory]
    [InlineData("Returned", "returned")]
    [InlineData("Nacked", "nacked")]
    [InlineData("TimedOut", "timed out")]
    [InlineData("Refused", "refused")]
    public void A_failure_of_the_row_has_a_name(string result, string kind) =>
        DispatchRules.KindOf(Enum.Parse<PublishResult>(result)).ShouldBe(kind);

    [Theory]
    [InlineData("Confirmed")]
    [InlineData("Suspect")]
    [InlineData("Lost")]
    public void What_is_no_failure_of_the_row_has_none(string result) =>
        Should.Throw<ArgumentOutOfRangeException>(() => DispatchRules.KindOf(Enum.Parse<PublishResult>(result)));

    [Theory]
    [InlineData(10, null, 0)]
    [InlineData(10, 3_000, 0)]
    [InlineData(9, null, 5_000)]
    [InlineData(0, null, 5_000)]
    [InlineData(0, 3_000, 3_000)]
    [InlineData(0, 5_000, 5_000)]
    [InlineData(0, 60_000, 5_000)]
    [InlineData(0, 101, 101)]
    [InlineData(0, 100, 100)]
    [InlineData(0, 99, 100)]
    [InlineData(0, 0, 100)]
    [InlineData(0, -60_000, 100)]
    public void The_next_poll_is_at_once_after_a_full_one_else_when_a_row_is_due_but_never_hot(int rows, int? nextAvailable, int milliseconds)
    {
        var poll = new Poll(
            [.. Enumerable.Range(0, rows).Select(_ => Some.Row())],
            [],
            nextAvailable is { } ms ? TimeSpan.FromMilliseconds(ms) : null,
            default);

        DispatchRules.NextPoll(poll, limit: 10, interval: TimeSpan.FromSeconds(5)).ShouldBe(TimeSpan.FromMilliseconds(milliseconds));
    }

    [Theory]
    [InlineData(30, 15)]
    [InlineData(20, 5)]
    [InlineData(15, 0)]
    [InlineData(1, -14)]
    public void A_row_is_used_to_half_its_lease(int remaining, int usable) =>
        DispatchRules.UsableFor(TimeSpan.FromSeconds(remaining), lease: TimeSpan.FromSeconds(30)).ShouldBe(TimeSpan.FromSeconds(usable));

    [Fact]
    public void The_next_poll_is_at_once_after_one_full_of_keys() =>
        DispatchRules.NextPoll(new Poll([], [.. Enumerable.Range(0, 10).Select(n => new KeyLease($"{n}", Guid.Empty))], null, default), limit: 10, interval: TimeSpan.FromSeconds(5))
            .ShouldBe(TimeSpan.FromMilliseconds(0));

    [Theory]
    [InlineData(PublishResult.Refused, 2, false)]
    [InlineData(PublishResult.Refused, 3, true)]
    [InlineData(PublishResult.Refused, 4, true)]
    [InlineData(PublishResult.Returned, 1_000_000, false)]
    [InlineData(PublishResult.Nacked, 1_000_000, false)]
    [InlineData(PublishResult.TimedOut, 1_000_000, false)]
    internal void Only_what_the_broker_refuses_has_a_limit_by_default(PublishResult result, int attempts, bool givesUp) =>
        DispatchRules.GivesUp(result, attempts, new OutboxOptions { MaxAttempts = 3 }).ShouldBe(givesUp);

    [Theory]
    [InlineData(PublishResult.Returned, 4, false)]
    [InlineData(PublishResult.Returned, 5, true)]
    [InlineData(PublishResult.Nacked, 5, true)]
    [InlineData(PublishResult.TimedOut, 5, true)]
    [InlineData(PublishResult.Refused, 5, false)]
    internal void What_cannot_be_delivered_may_have_a_limit(PublishResult result, int attempts, bool givesUp) =>
        DispatchRules.GivesUp(result, attempts, new OutboxOptions { MaxUndeliverableAttempts = 5 }).ShouldBe(givesUp);

    [Theory]
    [InlineData("22P05", true)]
    [InlineData("23514", true)]
    [InlineData("54000", true)]
    [InlineData("P0001", true)]
    [InlineData("XX001", true)]
    [InlineData("XX000", false)]
    [InlineData("44000", true)]
    [InlineData("08006", false)]
    [InlineData("53300", false)]
    [InlineData("25006", false)]
    [InlineData("57014", false)]
    [InlineData("57P01", false)]
    [InlineData("42501", false)]
    [InlineData("40P01", false)]
    public void Only_what_the_database_will_never_take_is_a_refusal(string sqlState, bool isRefusal) => DispatchRules.IsRefusal(sqlState).ShouldBe(isRefusal);
}

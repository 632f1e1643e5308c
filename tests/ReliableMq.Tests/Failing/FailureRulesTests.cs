using ReliableMq.Failing;

namespace ReliableMq.Tests.Failing;

public sealed class FailureRulesTests
{
    private static readonly RetryPolicy Policy = new([TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(10), TimeSpan.FromMinutes(1)]);

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 10)]
    [InlineData(3, 60)]
    public void A_failed_attempt_is_repeated_after_its_own_delay(int attempt, int seconds) =>
        FailureRules.Decide(attempt, new InvalidOperationException("broken"), Policy)
            .ShouldBe(new Verdict.Retry(TimeSpan.FromSeconds(seconds)));

    [Theory]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(int.MaxValue)]
    public void The_last_attempt_and_any_beyond_is_the_end(int attempt) =>
        FailureRules.Decide(attempt, new InvalidOperationException("broken"), Policy)
            .ShouldBe(new Verdict.DeadLetter("broken"));

    [Fact]
    public void Without_delays_the_first_attempt_is_the_last() =>
        FailureRules.Decide(1, new InvalidOperationException("broken"), new RetryPolicy([]))
            .ShouldBe(new Verdict.DeadLetter("broken"));

    [Fact]
    public void A_permanent_failure_is_not_repeated() =>
        FailureRules.Decide(1, new PermanentFailureException("no such customer"), Policy)
            .ShouldBe(new Verdict.DeadLetter("no such customer"));

    [Fact]
    public void An_unreadable_message_is_not_repeated() =>
        FailureRules.Decide(1, new UnreadableMessageException("no JSON"), Policy)
            .ShouldBe(new Verdict.DeadLetter("no JSON"));

    [Fact]
    public void What_a_handler_decides_holds_however_often_it_was_tried()
    {
        Decide(new HandlerVerdict.RetryAfter(TimeSpan.FromMinutes(7))).ShouldBe(new Verdict.Retry(TimeSpan.FromMinutes(7)));
        Decide(new HandlerVerdict.DeadLetter("no such customer")).ShouldBe(new Verdict.DeadLetter("no such customer"));
        Decide(new HandlerVerdict.Discard("a test order")).ShouldBe(new Verdict.Discard("a test order"));

        static Verdict Decide(HandlerVerdict verdict) => FailureRules.Decide(100, new HandlerVerdictException(verdict), Policy);
    }

    [Fact]
    public void Only_a_retry_that_a_handler_asked_for_is_no_attempt()
    {
        FailureRules.Counts(new HandlerVerdictException(new HandlerVerdict.RetryAfter(TimeSpan.FromSeconds(1)))).ShouldBeFalse();
        FailureRules.Counts(new HandlerVerdictException(new HandlerVerdict.DeadLetter("x"))).ShouldBeTrue();
        FailureRules.Counts(new TimeoutException()).ShouldBeTrue();
    }

    /// <summary>Each may be over by the next attempt.</summary>
    public static TheoryData<Exception> Passing { get; } =
    [
        new TimeoutException(), new OperationCanceledException(), new ReliableMqException("no handler yet"),
        new AggregateException(new PermanentFailureException("of something inside")), new InvalidOperationException("", new PermanentFailureException("")),
    ];

    [Theory]
    [MemberData(nameof(Passing))]
    public void Everything_else_is_repeated(Exception exception) =>
        FailureRules.Decide(1, exception, Policy).ShouldBe(new Verdict.Retry(TimeSpan.FromSeconds(1)));

    [Fact]
    public void Delays_of_half_a_minute_are_held_and_longer_ones_stored() =>
        FailureRules.LongestHold.ShouldBe(TimeSpan.FromSeconds(30));
}

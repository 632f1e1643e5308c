using System.Reflection;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using ReliableMq.Failing;

namespace ReliableMq.Tests.Failing;

/// <summary>What follows a failure, as a table: who says something, which attempt it was, and how old the message is.</summary>
public sealed class FailureRulesTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1), Minute = TimeSpan.FromMinutes(1), Hour = TimeSpan.FromHours(1);

    private static readonly RetryPolicy Policy = new([Second, 10 * Second, Minute]) { DeferUnknown = 15 * Minute };

    private static Exception Broken => new InvalidOperationException("broken");

    private static Exception Postgres(string state) => new PostgresException("message", "ERROR", "ERROR", state);

    private static string Says(Verdict verdict) => verdict switch
    {
        Verdict.Retry retry => $"retry in {Duration.Text(retry.Delay)}",
        Verdict.DeadLetter dead => $"dead: {dead.Reason}",
        Verdict.Discard discarded => $"discarded: {discarded.Reason}",
        _ => "?",
    };

    private static string Decide(Exception exception, int attempt = 1, TimeSpan age = default, RetryPolicy? policy = null, ExceptionRules? rules = null, double random = 0.5) =>
        Says(FailureRules.Decide(new FailedAttempt(attempt, exception, age, random), policy ?? Policy, rules ?? Rules()));

    private static ExceptionRules Rules(OnExceptionAttribute[]? method = null, OnExceptionAttribute[]? type = null, params ExceptionRule[] global) => ExceptionRules.Of(
        new HandlerDefinition
        {
            Queue = "billing", MessageName = "a.b", MessageType = typeof(OrderPlaced), HandlerName = "A", OnException = method ?? [], OnExceptionOfClass = type ?? [],
        },
        global);

    // Without rules.

    [Theory]
    [InlineData(1, "retry in 1s")]
    [InlineData(2, "retry in 10s")]
    [InlineData(3, "retry in 1m")]
    [InlineData(4, "dead: broken")]
    [InlineData(5, "dead: broken")]
    [InlineData(int.MaxValue, "dead: broken")]
    public void Each_attempt_has_its_delay_and_the_last_is_the_end(int attempt, string verdict) => Decide(Broken, attempt).ShouldBe(verdict);

    [Fact]
    public void Without_delays_the_first_attempt_is_the_last() => Decide(Broken, policy: new RetryPolicy([])).ShouldBe("dead: broken");

    [Theory]
    [InlineData(0, "retry in 800ms")]
    [InlineData(0.5, "retry in 1s")]
    [InlineData(1, "retry in 1200ms")]
    public void Doubling_delays_are_spread_by_a_fifth_to_both_sides(double random, string verdict)
    {
        RetryPolicy.TryParse("1s..10m x12", out var policy).ShouldBeTrue();

        Decide(Broken, policy: policy, random: random).ShouldBe(verdict);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void The_delays_of_a_list_are_as_written(double random) => Decide(Broken, random: random).ShouldBe("retry in 1s");

    // What is said by itself, whatever the rules, the attempt and the policy.

    public static TheoryData<Exception, string> Own { get; } = new()
    {
        { new HandlerVerdictException(new HandlerVerdict.RetryAfter(7 * Minute)), "retry in 7m" },
        { new HandlerVerdictException(new HandlerVerdict.DeadLetter("no such customer")), "dead: no such customer" },
        { new HandlerVerdictException(new HandlerVerdict.Discard("a test order")), "discarded: a test order" },
        { new PermanentFailureException("no such customer"), "dead: no such customer" },
        { new UnreadableMessageException("no JSON"), "dead: no JSON" },
        { new UnknownMessageException("no handler"), "retry in 1s" },
        // What merely carries it.
        { new AggregateException(new PermanentFailureException("inside")), "dead: inside" },
        { new TargetInvocationException(new AggregateException(new HandlerVerdictException(new HandlerVerdict.Discard("inside")))), "discarded: inside" },
    };

    [Theory]
    [MemberData(nameof(Own))]
    public void What_says_itself_what_follows_is_believed(Exception exception, string verdict)
    {
        var everything = Rules(
            [new(typeof(Exception), OnFailure.Retry) { Delay = "3m" }], [new(typeof(Exception), OnFailure.Discard)], new ExceptionRule(typeof(Exception), OnFailure.DeadLetter));

        Decide(exception).ShouldBe(verdict);
        Decide(exception, attempt: 100).ShouldBe(verdict);
        Decide(exception, policy: new RetryPolicy([]) { DeferUnknown = Policy.DeferUnknown }).ShouldBe(verdict);
        Decide(exception, rules: everything).ShouldBe(verdict);
        everything.Find(exception).ShouldBeNull();
    }

    /// <summary>Each may be over by the next attempt.</summary>
    public static TheoryData<Exception> Passing { get; } =
    [
        new TimeoutException("broken"), new OperationCanceledException("broken"), new ReliableMqException("broken"),
        new InvalidOperationException("broken", new PermanentFailureException("was the cause, and not what was thrown")),
        new AggregateException("broken", new PermanentFailureException("one"), new PermanentFailureException("two")),
    ];

    [Theory]
    [MemberData(nameof(Passing))]
    public void Everything_else_is_repeated(Exception exception) => Decide(exception).ShouldBe("retry in 1s");

    // One rule.

    [Theory]
    [InlineData(OnFailure.Retry, null, 1, "retry in 1s")]
    [InlineData(OnFailure.Retry, null, 4, "dead: broken")]
    [InlineData(OnFailure.Retry, "5m", 1, "retry in 5m")]
    [InlineData(OnFailure.Retry, "5m", 3, "retry in 5m")]
    [InlineData(OnFailure.Retry, "5m", 4, "dead: broken")]
    [InlineData(OnFailure.RetryNow, null, 1, "retry in 1s")]
    [InlineData(OnFailure.RetryNow, null, 4, "dead: broken")]
    [InlineData(OnFailure.DeadLetter, null, 1, "dead: broken")]
    [InlineData(OnFailure.DeadLetter, null, 4, "dead: broken")]
    [InlineData(OnFailure.Discard, null, 1, "discarded: broken")]
    [InlineData(OnFailure.Discard, null, 4, "discarded: broken")]
    public void A_rule_holds_wherever_it_stands(OnFailure then, string? delay, int attempt, string verdict)
    {
        OnExceptionAttribute[] said = [new(typeof(InvalidOperationException), then) { Delay = delay }];

        Decide(Broken, attempt, rules: Rules(method: said)).ShouldBe(verdict);
        Decide(Broken, attempt, rules: Rules(type: said)).ShouldBe(verdict);
        Decide(Broken, attempt, rules: Rules(global: ExceptionRule.Of(said[0]))).ShouldBe(verdict);
        Decide(new ArgumentException("other"), 1, rules: Rules(said, said, ExceptionRule.Of(said[0]))).ShouldBe("retry in 1s");
    }

    // Several: N says nothing, D dead-letters, X discards.

    [Theory]
    [InlineData("DXX", "dead: broken")]
    [InlineData("DXN", "dead: broken")]
    [InlineData("DNX", "dead: broken")]
    [InlineData("DNN", "dead: broken")]
    [InlineData("NDX", "dead: broken")]
    [InlineData("NDN", "dead: broken")]
    [InlineData("NND", "dead: broken")]
    [InlineData("XDD", "discarded: broken")]
    [InlineData("NXD", "discarded: broken")]
    [InlineData("NNN", "retry in 1s")]
    public void The_method_goes_before_its_class_and_that_before_the_global_rules(string levels, string verdict)
    {
        OnExceptionAttribute[] At(int level) => levels[level] == 'N' ? [] : [new(typeof(InvalidOperationException), levels[level] == 'D' ? OnFailure.DeadLetter : OnFailure.Discard)];

        Decide(Broken, rules: Rules(At(0), At(1), [.. At(2).Select(ExceptionRule.Of)])).ShouldBe(verdict);
    }

    [Fact]
    public void A_rule_of_a_nearer_level_wins_though_it_is_about_a_more_general_type() =>
        Decide(Broken, rules: Rules([new(typeof(Exception), OnFailure.Discard)], [new(typeof(InvalidOperationException), OnFailure.DeadLetter)])).ShouldBe("discarded: broken");

    [Theory]
    [InlineData(0, 1, 2)]
    [InlineData(2, 1, 0)]
    [InlineData(1, 2, 0)]
    public void Within_a_level_the_most_derived_type_wins(params int[] order)
    {
        OnExceptionAttribute[] all = [new(typeof(Exception), OnFailure.Discard), new(typeof(SystemException), OnFailure.Retry), new(typeof(InvalidOperationException), OnFailure.DeadLetter)];
        var rules = Rules([.. order.Select(place => all[place])]);

        Decide(Broken, rules: rules).ShouldBe("dead: broken");
        Decide(new ObjectDisposedException("x"), rules: rules).ShouldStartWith("dead: ");
        Decide(new FormatException("other"), rules: rules).ShouldBe("retry in 1s");
        Decide(new IOException("I/O"), rules: rules).ShouldBe("retry in 1s", "an IOException is a SystemException");
        Decide(new HttpRequestException("web"), rules: rules).ShouldBe("discarded: web");
    }

    // Causes.

    [Fact]
    public void A_rule_is_about_causes_too()
    {
        var rules = Rules([new(typeof(PostgresException), OnFailure.DeadLetter)]);

        Decide(new DbUpdateException("saving", Postgres("23505")), rules: rules).ShouldBe("dead: saving");
        Decide(new InvalidOperationException("outer", new DbUpdateException("saving", Postgres("23505"))), rules: rules).ShouldBe("dead: outer");
        Decide(new AggregateException(new DbUpdateException("saving", Postgres("23505"))), rules: rules).ShouldBe("dead: saving");
        Decide(new TargetInvocationException(Postgres("23505")), rules: rules).ShouldStartWith("dead: ");
        Decide(new AggregateException("two", Postgres("23505"), new IOException()), rules: rules).ShouldBe("retry in 1s", "of two at once neither is the cause");
    }

    [Fact]
    public void Of_an_exception_and_its_cause_the_outer_one_counts_unless_its_rule_is_more_general()
    {
        Exception saving = new DbUpdateException("saving", Postgres("23505"));

        Decide(saving, rules: Rules([new(typeof(PostgresException), OnFailure.DeadLetter), new(typeof(DbUpdateException), OnFailure.Discard)])).ShouldBe("discarded: saving");
        Decide(saving, rules: Rules([new(typeof(Exception), OnFailure.Discard), new(typeof(PostgresException), OnFailure.DeadLetter)])).ShouldBe("dead: saving");
    }

    [Fact]
    public void What_a_handler_throws_when_its_time_is_over_says_nothing()
    {
        var rules = Rules([new(typeof(OperationCanceledException), OnFailure.Discard)]);

        Decide(new TimeoutException("too long", new OperationCanceledException()), rules: rules).ShouldBe("retry in 1s");
        Decide(new OperationCanceledException("its own"), rules: rules).ShouldBe("discarded: its own");
        Decide(new TimeoutException("too long", new OperationCanceledException()), rules: Rules([new(typeof(TimeoutException), OnFailure.DeadLetter)])).ShouldBe("dead: too long");
    }

    // Conditions.

    [Fact]
    public void A_rule_with_a_condition_goes_before_the_one_without_and_the_first_that_holds_counts()
    {
        var rules = Rules(null, null,
            new ExceptionRule(typeof(HttpRequestException), OnFailure.Discard),
            new ExceptionRule(typeof(HttpRequestException), OnFailure.Retry, 3 * Minute, exception => exception.Message == "429"),
            new ExceptionRule(typeof(HttpRequestException), OnFailure.DeadLetter, null, exception => exception.Message.StartsWith('4')));

        Decide(new HttpRequestException("429"), rules: rules).ShouldBe("retry in 3m");
        Decide(new HttpRequestException("404"), rules: rules).ShouldBe("dead: 404");
        Decide(new HttpRequestException("500"), rules: rules).ShouldBe("discarded: 500");
    }

    [Fact]
    public void A_condition_that_throws_does_not_hold() =>
        Decide(Broken, rules: Rules(null, null, new ExceptionRule(typeof(Exception), OnFailure.Discard, null, _ => throw new FormatException()))).ShouldBe("retry in 1s");

    // Built in.

    [Theory]
    [InlineData("40001", true)]
    [InlineData("40P01", true)]
    [InlineData("23505", false)]
    [InlineData("55P03", false)]
    public void Serialization_failures_and_deadlocks_are_tried_again_at_once(string state, bool now)
    {
        (Rules().Find(Postgres(state))?.Then == OnFailure.RetryNow).ShouldBe(now);
        (Rules().Find(new DbUpdateException("saving", Postgres(state)))?.Then == OnFailure.RetryNow).ShouldBe(now);
        (Rules().Find(new InvalidOperationException("a transient failure", new DbUpdateException("saving", Postgres(state))))?.Then == OnFailure.RetryNow).ShouldBe(now);
        Rules(null, null, new ExceptionRule(typeof(DbUpdateException), OnFailure.Discard)).Find(new DbUpdateException("saving", Postgres(state)))!.Then.ShouldBe(OnFailure.Discard);
    }

    [Fact]
    public void What_no_handler_took_has_no_rules() => ExceptionRules.None.Find(Postgres("40001")).ShouldBeNull();

    // The total time.

    public static TheoryData<Exception> Repeated { get; } =
        [Broken, new HandlerVerdictException(new HandlerVerdict.RetryAfter(Second)), new UnknownMessageException("broken"), new IOException("ruled")];

    [Theory]
    [MemberData(nameof(Repeated))]
    public void No_attempt_begins_after_the_total_time(Exception exception)
    {
        var policy = Policy with { Delays = [Second], For = Hour, DeferUnknown = 2 * Hour };
        var rules = Rules([new(typeof(IOException), OnFailure.Retry) { Delay = "1s" }]);
        var delay = exception is UnknownMessageException ? Minute : Second;

        Decide(exception, age: Hour - delay, policy: policy, rules: rules).ShouldBe($"retry in {Duration.Text(delay)}");
        Decide(exception, age: Hour - delay + TimeSpan.FromMilliseconds(1), policy: policy, rules: rules)
            .ShouldBe($"dead: {exception.Message} It was not tried again: the next attempt, in {Duration.Text(delay)}, would have begun later than 1h (RetryFor) after its first failure.");
        Decide(exception, age: 1.5 * Hour, policy: policy with { For = null }, rules: rules).ShouldStartWith("retry in ");
    }

    [Fact]
    public void The_total_time_changes_nothing_about_what_is_not_repeated()
    {
        var policy = Policy with { For = Second };

        Decide(new PermanentFailureException("no"), age: Hour, policy: policy).ShouldBe("dead: no");
        Decide(Broken, attempt: 4, age: Hour, policy: policy).ShouldBe("dead: broken");
        Decide(new HandlerVerdictException(new HandlerVerdict.Discard("x")), age: Hour, policy: policy).ShouldBe("discarded: x");
    }

    // What no handler takes.

    [Theory]
    [InlineData(0, "retry in 1s")]
    [InlineData(1, "retry in 1s")]
    [InlineData(4, "retry in 4s")]
    [InlineData(60, "retry in 1m")]
    [InlineData(600, "retry in 1m")]
    [InlineData(870, "retry in 30s")]
    [InlineData(899, "retry in 1s")]
    [InlineData(900, "dead: no handler It was deferred for 15m (DeferUnknown), in case that a newer version of the service takes it.")]
    [InlineData(5000, "dead: no handler It was deferred for 15m (DeferUnknown), in case that a newer version of the service takes it.")]
    public void What_no_handler_takes_is_deferred_with_a_last_look_at_the_end(int seconds, string verdict) =>
        Decide(new UnknownMessageException("no handler"), attempt: 0, age: seconds * Second).ShouldBe(verdict);

    [Fact]
    public void What_no_handler_takes_can_be_dead_lettered_at_once() =>
        Decide(new UnknownMessageException("no handler"), policy: Policy with { DeferUnknown = default }).ShouldStartWith("dead: no handler");

    [Fact]
    public void Only_what_a_handler_asked_for_and_what_none_took_is_no_attempt()
    {
        FailureRules.Counts(new HandlerVerdictException(new HandlerVerdict.RetryAfter(Second))).ShouldBeFalse();
        FailureRules.Counts(new AggregateException(new HandlerVerdictException(new HandlerVerdict.RetryAfter(Second)))).ShouldBeFalse();
        FailureRules.Counts(new UnknownMessageException("x")).ShouldBeFalse();
        FailureRules.Counts(new HandlerVerdictException(new HandlerVerdict.DeadLetter("x"))).ShouldBeTrue();
        FailureRules.Counts(new TimeoutException()).ShouldBeTrue();
    }

    [Fact]
    public void Delays_of_half_a_minute_are_held_and_longer_ones_stored() => FailureRules.LongestHold.ShouldBe(TimeSpan.FromSeconds(30));
}

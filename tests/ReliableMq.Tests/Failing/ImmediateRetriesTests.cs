using Microsoft.Extensions.Logging.Abstractions;
using ReliableMq.Failing;
using ReliableMq.Inbox;
using ReliableMq.Receiving;

namespace ReliableMq.Tests.Failing;

public sealed class ImmediateRetriesTests
{
    private static readonly Exception Now = new IOException("try again"), Later = new InvalidOperationException("broken");

    private int _attempts;

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 2)]
    [InlineData(3, 4)]
    public async Task What_keeps_failing_is_repeated_so_often(int retries, int attempts)
    {
        (await RunAsync(retries, _ => AttemptResult.Failed(Now))).Exception.ShouldBe(Now);
        _attempts.ShouldBe(attempts);
    }

    [Fact]
    public async Task A_success_ends_it()
    {
        (await RunAsync(3, attempt => attempt < 3 ? AttemptResult.Failed(Now) : AttemptResult.Done)).IsDone.ShouldBeTrue();
        _attempts.ShouldBe(3);
    }

    [Fact]
    public async Task What_no_rule_repeats_at_once_ends_it()
    {
        (await RunAsync(3, attempt => AttemptResult.Failed(attempt < 2 ? Now : Later))).Exception.ShouldBe(Later);
        _attempts.ShouldBe(2);
    }

    [Fact]
    public async Task What_may_not_run_is_not_repeated()
    {
        (await RunAsync(3, _ => AttemptResult.NotAdmitted(Admission.Dead, default))).Refusal.ShouldBe(Admission.Dead);
        _attempts.ShouldBe(1);
    }

    [Fact]
    public async Task A_cancelled_attempt_is_not_repeated_and_keeps_its_failure()
    {
        using var cancelled = new CancellationTokenSource();
        (await RunAsync(10, attempt =>
        {
            cancelled.Cancel();
            return AttemptResult.Failed(Now);
        }, cancelled.Token)).Exception.ShouldBe(Now);
        _attempts.ShouldBe(1);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public async Task What_is_cancelled_before_its_first_attempt_has_failed_and_throws_nothing(int retries)
    {
        (await RunAsync(retries, _ => AttemptResult.Failed(Later), new CancellationToken(canceled: true))).IsDone.ShouldBeFalse();
        _attempts.ShouldBeLessThanOrEqualTo(1);
    }

    [Fact]
    public async Task A_success_at_the_last_moment_is_one()
    {
        using var cancelled = new CancellationTokenSource();
        (await RunAsync(10, attempt =>
        {
            cancelled.Cancel();
            return AttemptResult.Done;
        }, cancelled.Token)).IsDone.ShouldBeTrue();
    }

    private Task<AttemptResult> RunAsync(int retries, Func<int, AttemptResult> attempt, CancellationToken cancellationToken = default)
    {
        var settings = new QueueSettings("billing", new RetryPolicy([]), 1, 1, TimeSpan.FromMinutes(1)) { ImmediateRetries = retries };
        var rules = ExceptionRules.Of(
            new HandlerDefinition { Queue = "billing", MessageName = "a.b", MessageType = typeof(OrderPlaced), HandlerName = "A", OnException = [new(typeof(IOException), OnFailure.RetryNow)] }, []);
        return new ImmediateRetries(settings, TimeProvider.System, NullLogger.Instance)
            .RunAsync(Some.Delivery(), rules, () => Task.FromResult(attempt(++_attempts)), cancellationToken);
    }
}

using ReliableMq.Failing;
using ReliableMq.Inbox;

namespace ReliableMq.Tests.Inbox;

public sealed class StartRulesTests
{
    private static readonly Guid Here = Guid.NewGuid(), There = Guid.NewGuid();

    private static readonly StartMark Mark = new(
        There, "web-1", new DateTime(2026, 11, 21, 15, 4, 5, DateTimeKind.Utc), DateTime.UnixEpoch, TimeSpan.Zero, IsSuspect: false, LoneDeaths: 0, History: "");

    [Fact]
    public void What_runs_in_a_living_process_is_waited_for()
    {
        Decide(Mark with { Left = TimeSpan.FromTicks(1) }).ShouldBe(StartDecision.Wait);
        StartRules.Decide(Mark with { Node = Here }, Here, runsHere: true, isSure: true).ShouldBe(StartDecision.Wait);
    }

    [Fact]
    public void What_a_dead_process_ran_is_suspected() => Decide(Mark).ShouldBe(StartDecision.Suspect);

    [Fact]
    public void Nobody_is_suspected_as_long_as_a_living_process_may_not_have_reached_the_database() =>
        StartRules.Decide(Mark, Here, runsHere: false, isSure: false).ShouldBe(StartDecision.Wait);

    [Fact]
    public void A_mark_of_this_process_that_nothing_runs_for_says_nothing() => Decide(Mark with { Node = Here }).ShouldBe(StartDecision.Run);

    [Fact]
    public void A_suspect_runs_alone_until_three_processes_have_ended()
    {
        Decide(Mark with { Node = null, IsSuspect = true }).ShouldBe(StartDecision.RunAlone);
        Decide(Mark with { Node = null, IsSuspect = true, LoneDeaths = 2 }).ShouldBe(StartDecision.RunAlone);
        Decide(Mark with { Node = null, IsSuspect = true, LoneDeaths = 3 }).ShouldBe(StartDecision.GiveUp);
    }

    [Theory]
    [InlineData(0.1, 3)]
    [InlineData(5, 15)]
    [InlineData(60, 60)]
    public void A_mark_lasts_three_intervals(double poll, double lease) =>
        StartRules.Lease(TimeSpan.FromSeconds(poll)).ShouldBe(TimeSpan.FromSeconds(lease));

    [Theory]
    [InlineData(0, 1, 1)]
    [InlineData(1, 1, 10)]
    [InlineData(2, 7, 20)]
    public void Its_delays_are_the_queues_and_never_none(int entries, int attempt, int seconds) =>
        FailureRules.Decide(new FailedAttempt(attempt, new ProcessEndedException(2, ""), TimeSpan.Zero, 0), new RetryPolicy([.. Enumerable.Range(1, entries).Select(entry => TimeSpan.FromSeconds(10 * entry))]), ExceptionRules.None)
            .ShouldBe(new Verdict.Retry(TimeSpan.FromSeconds(seconds)));

    [Fact]
    public void The_third_death_is_the_end_though_there_are_attempts_left_and_the_reason_tells_all_of_them()
    {
        var history = Mark.Line + (Mark with { IsSuspect = true }).Line;

        var verdict = FailureRules.Decide(new FailedAttempt(3, new ProcessEndedException(3, history), TimeSpan.Zero, 0), new RetryPolicy(new TimeSpan[50]), ExceptionRules.None);

        verdict.ShouldBe(new Verdict.DeadLetter(
            $"""
            The process ended while it handled this message alone, 3 time(s). Processes that ended while they handled it:
            - 2026-11-21 15:04:05Z in the process {There} on "web-1", together with other redelivered messages
            - 2026-11-21 15:04:05Z in the process {There} on "web-1", alone
            """.ReplaceLineEndings("\n")));
    }

    private static StartDecision Decide(StartMark mark) => StartRules.Decide(mark, Here, runsHere: false, isSure: true);
}

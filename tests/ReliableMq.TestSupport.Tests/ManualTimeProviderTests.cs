using Polly;
using Polly.Retry;
using Polly.Timeout;
using Xunit;

namespace ReliableMq.TestSupport.Tests;

public class ManualTimeProviderTests
{
    private readonly ManualTimeProvider _time = new();

    [Fact]
    public async Task A_delay_ends_when_its_time_has_come_and_not_before()
    {
        var delay = Task.Delay(TimeSpan.FromMinutes(5), _time);

        _time.Advance(TimeSpan.FromMinutes(5) - TimeSpan.FromTicks(1));
        delay.IsCompleted.ShouldBeFalse();

        _time.Advance(TimeSpan.FromTicks(1));
        await delay;
        _time.ActiveTimers.ShouldBe(0);
    }

    [Fact]
    public void Wall_clock_and_timestamps_move_together()
    {
        var (wall, stamp) = (_time.GetUtcNow(), _time.GetTimestamp());

        _time.Advance(TimeSpan.FromSeconds(90));

        (_time.GetUtcNow() - wall).ShouldBe(TimeSpan.FromSeconds(90));
        _time.GetElapsedTime(stamp).ShouldBe(TimeSpan.FromSeconds(90));
    }

    [Fact]
    public void Timers_fire_in_the_order_of_their_times_and_see_the_clock_at_their_own()
    {
        var start = _time.GetUtcNow();
        var fired = new List<(string Name, double Seconds)>();
        void Note(object? name) => fired.Add(((string)name!, (_time.GetUtcNow() - start).TotalSeconds));
        using var late = _time.CreateTimer(Note, "late", TimeSpan.FromSeconds(3), Timeout.InfiniteTimeSpan);
        using var periodic = _time.CreateTimer(Note, "periodic", TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1.5));
        using var early = _time.CreateTimer(Note, "early", TimeSpan.FromSeconds(2), Timeout.InfiniteTimeSpan);

        _time.Advance(TimeSpan.FromSeconds(4));

        fired.ShouldBe([("periodic", 1), ("early", 2), ("periodic", 2.5), ("late", 3), ("periodic", 4)]);
        _time.DueIn.ShouldBe([TimeSpan.FromSeconds(1.5)]);
    }

    [Fact]
    public void A_timer_that_is_changed_or_disposed_forgets_its_old_time()
    {
        var fired = 0;
        var timer = _time.CreateTimer(_ => fired++, null, TimeSpan.FromSeconds(1), Timeout.InfiniteTimeSpan);

        timer.Change(TimeSpan.FromSeconds(10), Timeout.InfiniteTimeSpan);
        _time.Advance(TimeSpan.FromSeconds(5));
        fired.ShouldBe(0);

        timer.Dispose();
        timer.Change(TimeSpan.FromSeconds(1), Timeout.InfiniteTimeSpan).ShouldBeFalse();
        _time.Advance(TimeSpan.FromSeconds(10));
        fired.ShouldBe(0);
    }

    [Fact]
    public async Task A_timer_due_at_once_needs_no_advance()
    {
        var fired = new Signal("timer fired");

        using var timer = _time.CreateTimer(_ => fired.Set(), null, TimeSpan.Zero, Timeout.InfiniteTimeSpan);

        await fired.WaitAsync();
    }

    [Fact]
    public void A_clock_set_by_hand_moves_neither_timestamps_nor_timers()
    {
        var stamp = _time.GetTimestamp();
        using var cancelled = new CancellationTokenSource(TimeSpan.FromHours(1), _time);

        _time.SetUtcNow(_time.GetUtcNow().AddDays(1));
        cancelled.IsCancellationRequested.ShouldBeFalse();
        _time.SetUtcNow(_time.GetUtcNow().AddDays(-2));

        _time.GetElapsedTime(stamp).ShouldBe(TimeSpan.Zero);
        _time.Advance(TimeSpan.FromHours(1));
        cancelled.IsCancellationRequested.ShouldBeTrue();
    }

    [Fact]
    public async Task A_periodic_timer_ticks_once_for_each_period()
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(5), _time);
        for (var tick = 0; tick < 3; tick++)
        {
            var next = timer.WaitForNextTickAsync();
            next.IsCompleted.ShouldBeFalse();
            _time.Advance(TimeSpan.FromSeconds(5));
            (await next).ShouldBeTrue();
        }
    }

    [Fact]
    public async Task A_retry_of_Polly_waits_for_it()
    {
        var attempts = 0;
        var pipeline = new ResiliencePipelineBuilder { TimeProvider = _time }
            .AddRetry(new RetryStrategyOptions { MaxRetryAttempts = 2, Delay = TimeSpan.FromMinutes(1) })
            .AddTimeout(new TimeoutStrategyOptions { Timeout = TimeSpan.FromSeconds(10) })
            .Build();
        var run = pipeline.ExecuteAsync(
            async token => await Task.Delay(++attempts < 3 ? TimeSpan.FromHours(1) : TimeSpan.FromSeconds(1), _time, token))
            .AsTask();

        for (var attempt = 1; attempt <= 2; attempt++)
        {
            await _time.WaitForTimersAsync(2);
            _time.Advance(TimeSpan.FromSeconds(10));
            await _time.WaitForTimersAsync(1, dueWithin: TimeSpan.FromMinutes(1));
            _time.Advance(TimeSpan.FromMinutes(1));
        }

        await _time.WaitForTimersAsync(1, dueWithin: TimeSpan.FromSeconds(1));
        _time.Advance(TimeSpan.FromSeconds(1));
        await run;
        attempts.ShouldBe(3);
    }

    [Fact]
    public async Task A_test_can_wait_until_somebody_waits()
    {
        var ready = new Signal("advanced");
        var worker = Task.Run(async () =>
        {
            await ready.WaitAsync();
            await Task.Delay(TimeSpan.FromSeconds(7), _time);
        });
        var waiting = _time.WaitForTimersAsync();
        waiting.IsCompleted.ShouldBeFalse();

        ready.Set();
        await waiting;
        _time.Advance(TimeSpan.FromSeconds(7));
        await worker;
    }

    [Fact]
    public async Task A_wait_for_nobody_tells_which_timers_there_are()
    {
        using var far = new CancellationTokenSource(TimeSpan.FromMinutes(2), _time);

        var error = await Assert.ThrowsAsync<ShouldAssertException>(() => _time.WaitForTimersAsync(
            1, dueWithin: TimeSpan.FromSeconds(1), timeout: TimeSpan.FromMilliseconds(30)));

        error.Message.ShouldBe("1 timers due within 1 s: there are 1, due in [\"120 s\"] (waited 30 ms)");
    }
}

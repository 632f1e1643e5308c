using ReliableMq.Timing;
using Xunit;

namespace ReliableMq.Tests;

public class TimeLimitTests
{
    [Fact]
    public void What_is_thrown_by_those_who_are_told_of_the_time_reaches_nobody()
    {
        var time = new OneTimer();
        using var limit = new TimeLimit(TimeSpan.FromSeconds(1), time);
        var told = new List<string>();
        limit.Token.Register(() => told.Add("first"));
        limit.Token.Register(() => throw new InvalidOperationException("callback"));
        limit.Token.Register(() => told.Add("last"));

        time.Fire();

        told.ShouldBe(["last", "first"]);
        (limit.IsReached, limit.IsCancellationRequested, time.DueTime, time.Period).ShouldBe((true, true, TimeSpan.FromSeconds(1), Timeout.InfiniteTimeSpan));
    }

    [Fact]
    public void Nor_what_is_thrown_when_somebody_else_cancels()
    {
        using var outer = new CancellationTokenSource();
        using var limit = new TimeLimit(TimeSpan.FromSeconds(1), new OneTimer(), outer.Token);
        limit.Token.Register(() => throw new InvalidOperationException("callback"));

        outer.Cancel();

        (limit.IsReached, limit.IsCancellationRequested).ShouldBe((false, true));
    }

    [Fact]
    public void One_that_is_disposed_of_has_no_timer_and_hears_nobody()
    {
        using var outer = new CancellationTokenSource();
        var time = new OneTimer();
        var limit = new TimeLimit(TimeSpan.FromSeconds(1), time, outer.Token);

        limit.Dispose();
        outer.Cancel();
        time.Fire();

        (time.IsDisposed, limit.IsCancellationRequested).ShouldBe((true, false));
    }

    [Fact]
    public async Task Cancelling_quietly_tells_everybody()
    {
        using var source = new CancellationTokenSource();
        using var other = new CancellationTokenSource();
        var told = 0;
        foreach (var token in new[] { source.Token, other.Token })
        {
            token.Register(() => told++);
            token.Register(() => throw new InvalidOperationException("callback"));
        }

        source.CancelQuietly();
        await other.CancelQuietlyAsync();

        told.ShouldBe(2);
    }

    /// <summary>Fires when it is told to, as a timer of the system does: an exception would end the process.</summary>
    private sealed class OneTimer : TimeProvider
    {
        private Action? _fire;

        public TimeSpan DueTime { get; private set; }

        public TimeSpan Period { get; private set; }

        public bool IsDisposed { get; private set; }

        public void Fire() => _fire!();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            _fire = () => callback(state);
            (DueTime, Period) = (dueTime, period);
            return new Handle(this);
        }

        private sealed class Handle(OneTimer time) : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period) => false;

            public void Dispose() => time.IsDisposed = true;

            public ValueTask DisposeAsync()
            {
                Dispose();
                return ValueTask.CompletedTask;
            }
        }
    }
}

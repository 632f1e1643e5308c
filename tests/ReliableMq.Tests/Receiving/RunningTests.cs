using ReliableMq.Receiving;

namespace ReliableMq.Tests.Receiving;

public sealed class RunningTests
{
    private readonly Running _running = new();

    [Fact]
    public void Is_idle_before_anything_runs() => _running.IdleAsync().IsCompletedSuccessfully.ShouldBeTrue();

    [Fact]
    public async Task Becomes_idle_when_the_last_one_ends()
    {
        _running.Add();
        _running.Add();
        var idle = _running.IdleAsync();

        _running.Remove();
        idle.IsCompleted.ShouldBeFalse();
        _running.Remove();
        await idle.WaitAsync(TimeSpan.FromSeconds(10));
    }

    [Fact]
    public void Is_idle_after_everything_ended()
    {
        _running.Add();
        _running.Remove();

        _running.IdleAsync().IsCompletedSuccessfully.ShouldBeTrue();
    }

    [Fact]
    public async Task Waits_anew_for_what_starts_after_it_was_idle()
    {
        _running.Add();
        var first = _running.IdleAsync();
        _running.Remove();
        await first.WaitAsync(TimeSpan.FromSeconds(10));

        _running.Add();
        var second = _running.IdleAsync();
        second.IsCompleted.ShouldBeFalse();
        _running.Remove();
        await second.WaitAsync(TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task Everybody_who_waits_is_told()
    {
        _running.Add();
        var waiting = new[] { _running.IdleAsync(), _running.IdleAsync() };

        _running.Remove();
        await Task.WhenAll(waiting).WaitAsync(TimeSpan.FromSeconds(10));
    }
}

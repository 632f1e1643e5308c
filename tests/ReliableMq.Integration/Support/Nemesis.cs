using ReliableMq.TestSupport;

namespace ReliableMq.Integration.Support;

/// <summary>Kills and stops worker processes at moments that a seed decides, and replaces the dead.</summary>
internal sealed class Nemesis(Func<ChildProcess> start, int count, int seed) : IAsyncDisposable
{
    private readonly Random _random = new(seed);
    private readonly List<ChildProcess> _workers = [];
    private readonly List<Task> _frozen = [];

    public async Task StartAsync()
    {
        for (var i = 0; i < count; i++)
        {
            _workers.Add(await StartedAsync());
        }
    }

    public async Task KillOneAsync()
    {
        var victim = _workers[_random.Next(count)];
        _workers.Remove(victim);
        victim.Kill();
        await victim.DisposeAsync();
        _workers.Add(await StartedAsync());
    }

    /// <summary>Stops one for a while; the others, and the next faults, go on meanwhile.</summary>
    public Task FreezeOneAsync(TimeSpan time)
    {
        var victim = _workers[_random.Next(count)];
        victim.Freeze();
        _frozen.Add(ResumeAfterAsync(victim, time));
        return Task.CompletedTask;
    }

    private async Task ResumeAfterAsync(ChildProcess victim, TimeSpan time)
    {
        // The time itself is the fault: it has to be longer than a lease.
        await Task.Delay(time, TimeProvider.System);
        if (_workers.Contains(victim))
        {
            victim.Resume();
        }
    }

    /// <summary>Lets the workers work for a moment.</summary>
    public Task CalmAsync() => Task.Delay(TimeSpan.FromMilliseconds(_random.Next(500, 3_000)), TimeProvider.System);

    public Task ResumeAllAsync() => Task.WhenAll(_frozen);

    public async Task StopAsync()
    {
        foreach (var worker in _workers)
        {
            worker.Terminate();
            await worker.WaitForExitAsync();
        }
    }

    private async Task<ChildProcess> StartedAsync()
    {
        var worker = start();
        await worker.WaitForLineAsync(line => line == "started", TimeSpan.FromSeconds(60));
        return worker;
    }

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_frozen);
        foreach (var worker in _workers)
        {
            await worker.DisposeAsync();
        }
    }
}

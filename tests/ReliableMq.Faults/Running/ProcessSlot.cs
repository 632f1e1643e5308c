using ReliableMq.Faults.Workload;
using ReliableMq.TestSupport;

namespace ReliableMq.Faults.Running;

/// <summary>The place of one process of the workload. Whatever ends it, another takes its place, as on any platform.</summary>
internal sealed class ProcessSlot(string name, Func<string, ChildProcess> start, History history) : IAsyncDisposable
{
    /// <summary>The exit code after SIGKILL.</summary>
    public const int Killed = 137;

    private static readonly TimeSpan RestartDelay = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan EndPatience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(20);

    private readonly SemaphoreSlim _turn = new(1);
    private ChildProcess? _process;
    private int _starts;
    private bool _isHeldDown;

    public string Name => name;

    /// <summary>Which process is there, and how much of a processor's time it has used; null for none.</summary>
    public (int Id, TimeSpan Used)? Work
    {
        get
        {
            try
            {
                if (_process is { HasExited: false, Id: var id })
                {
                    using var process = System.Diagnostics.Process.GetProcessById(id);
                    return (id, process.TotalProcessorTime);
                }
            }
            catch (Exception exception) when (exception is ArgumentException or InvalidOperationException)
            {
                // It ended just now.
            }

            return null;
        }
    }

    /// <summary>How often it ended though nobody asked for it.</summary>
    public int Deaths => Exits.Count;

    /// <summary>How it ended then.</summary>
    public List<int> Exits { get; } = [];

    /// <summary>How often it did not end in time when it was asked to.</summary>
    public int Hangs { get; private set; }

    /// <summary>Starts the first, and those that take its place until the end.</summary>
    public async Task SuperviseAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await _turn.WaitAsync(cancellationToken);
            }
            catch (OperationCanceledException)
            {
                return;
            }

            try
            {
                if (_process is { HasExited: true } ended && !_isHeldDown)
                {
                    Exits.Add(ended.ExitCode);
                    history.Say($"{name} ended by itself with {ended.ExitCode}: {LastWords(ended)}");
                    await ended.DisposeAsync();
                    _process = null;
                }

                if (_process is null && !_isHeldDown)
                {
                    Start();
                }
            }
            finally
            {
                _turn.Release();
            }

            await Task.Delay(RestartDelay, TimeProvider.System, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Of one that a message has killed one line; of another what may tell why.</summary>
    private static string LastWords(ChildProcess ended) => string.Join(
        Environment.NewLine, ended.Output.Where(line => line != RoleOrders.Started).TakeLast(ended.ExitCode == Killed ? 1 : 60));

    /// <summary>SIGKILL; nothing takes its place before <see cref="StartAsync"/>.</summary>
    public Task KillAsync() => WithTurnAsync(async () =>
    {
        _isHeldDown = true;
        if (_process is { } process)
        {
            process.Kill();
            await process.DisposeAsync();
            _process = null;
        }
    });

    /// <summary>Starts it again, and gives it time to get to work: a machine that is busy must not see it killed before.</summary>
    public async Task StartAsync()
    {
        await WithTurnAsync(() =>
        {
            _isHeldDown = false;
            if (_process is null)
            {
                Start();
            }

            return Task.CompletedTask;
        });
        try
        {
            await (_process?.WaitForLineAsync(line => line == RoleOrders.Started, StartPatience) ?? Task.CompletedTask);
        }
        catch (Shouldly.ShouldAssertException)
        {
            // Other faults may keep it from starting; it goes on trying.
        }
    }

    /// <summary>SIGSTOP. Nobody else has a turn until <see cref="Resume"/>.</summary>
    /// <returns>Whether there was one to stop.</returns>
    public async Task<bool> FreezeAsync()
    {
        await _turn.WaitAsync();
        if (_process is { HasExited: false } process)
        {
            process.Freeze();
            return true;
        }

        _turn.Release();
        return false;
    }

    public void Resume()
    {
        _process!.Resume();
        _turn.Release();
    }

    /// <summary>Another process starts, and only when it is at work the one before is asked to end.</summary>
    public Task RollAsync() => WithTurnAsync(async () =>
    {
        var before = _process;
        Start();
        try
        {
            await _process!.WaitForLineAsync(line => line == RoleOrders.Started, EndPatience);
        }
        catch (Shouldly.ShouldAssertException)
        {
            history.Say($"{name} was not up in time in a rolling deployment");
        }

        if (before is { HasExited: false })
        {
            before.Terminate();
            try
            {
                await before.WaitForExitAsync(EndPatience);
            }
            catch (Shouldly.ShouldAssertException)
            {
                Hangs++;
                history.Say($"{name} did not end within {EndPatience.TotalSeconds:0} s of SIGTERM and is killed");
            }
        }

        await (before?.DisposeAsync() ?? ValueTask.CompletedTask);
    });

    /// <summary>Says something to the process, if there is one; whoever takes its place knows by its orders.</summary>
    public Task TellAsync(string line) => WithTurnAsync(async () =>
    {
        try
        {
            await (_process is { HasExited: false } ? _process.WriteLineAsync(line) : Task.CompletedTask);
        }
        catch (IOException)
        {
            // It ended just now.
        }
    });

    public async ValueTask DisposeAsync() => await (_process?.DisposeAsync() ?? ValueTask.CompletedTask);

    private void Start() => _process = start($"{name}.{++_starts}");

    private async Task WithTurnAsync(Func<Task> action)
    {
        await _turn.WaitAsync();
        try
        {
            await action();
        }
        finally
        {
            _turn.Release();
        }
    }
}

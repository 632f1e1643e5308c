using System.Collections.Immutable;
using System.Diagnostics;

namespace ReliableMq.TestSupport;

/// <summary>
/// A process of a test's own, to be killed, frozen or ended politely. It does not outlive the test's process,
/// however that ends; what it starts in turn is its own affair, but goes with it when it is disposed.
/// </summary>
public sealed class ChildProcess : IAsyncDisposable
{
    private static readonly TimeSpan LastWords = TimeSpan.FromSeconds(2);

    private readonly Process _process;
    private readonly string _name;
    private readonly Pulse _pulse = new();
    private ImmutableList<string> _output = [];
    private int _openStreams = 2;

    private ChildProcess(Process process, string name)
    {
        _process = process;
        _name = name;
    }

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    /// <summary>The exit code; 128 and the signal's number where a signal ended it (137: SIGKILL).</summary>
    public int ExitCode => _process.ExitCode;

    /// <summary>The lines of standard output and standard error so far, as they came; a snapshot.</summary>
    public IReadOnlyList<string> Output => _output;

    /// <summary>Starts any program.</summary>
    /// <param name="program">A path, or a name to be found in PATH.</param>
    /// <param name="arguments">Passed as they are, without a shell.</param>
    /// <param name="environment">Added to this process's own; null removes a variable.</param>
    /// <param name="workingDirectory">Default: this process's own.</param>
    public static ChildProcess Start(
        string program,
        IEnumerable<string> arguments,
        IReadOnlyDictionary<string, string?>? environment = null,
        string? workingDirectory = null)
    {
        var start = DiesWithParent.Wrap(program, arguments);
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        start.RedirectStandardInput = true;
        start.WorkingDirectory = workingDirectory ?? "";
        foreach (var (name, value) in environment ?? ImmutableDictionary<string, string?>.Empty)
        {
            start.Environment[name] = value;
        }

        var child = new ChildProcess(DiesWithParent.Start(start), Path.GetFileName(program));
        child.Listen();
        return child;
    }

    /// <summary>Starts a .NET program by its dll, with the runtime that runs this test.</summary>
    /// <param name="dll">The path of the built dll.</param>
    /// <param name="arguments">Passed as they are.</param>
    /// <param name="environment">Added to this process's own; null removes a variable.</param>
    public static ChildProcess StartDotNet(
        string dll, IEnumerable<string> arguments, IReadOnlyDictionary<string, string?>? environment = null) =>
        Start(
            Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet",
            ["exec", dll, .. arguments],
            environment,
            Path.GetDirectoryName(Path.GetFullPath(dll)));

    /// <summary>SIGKILL: gone at once, without a last word.</summary>
    public void Kill()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }
    }

    /// <summary>SIGTERM: asks it to stop, as a container platform does.</summary>
    public void Terminate() => Native.Send(Id, Native.SigTerm);

    /// <summary>SIGSTOP: returns when every thread of it stands still; its connections stay open.</summary>
    public void Freeze()
    {
        Native.Send(Id, Native.SigStop);
        if (!SpinWait.SpinUntil(() => HasExited || ProcessState.IsStopped(Id), Deadline.Default))
        {
            throw new ShouldAssertException($"{this} does not stand still after SIGSTOP");
        }
    }

    /// <summary>SIGCONT: goes on where <see cref="Freeze"/> stopped it.</summary>
    public void Resume() => Native.Send(Id, Native.SigCont);

    /// <summary>Writes a line to its standard input.</summary>
    public async Task WriteLineAsync(string line)
    {
        await _process.StandardInput.WriteLineAsync(line);
        await _process.StandardInput.FlushAsync();
    }

    /// <summary>Waits for a line of output, those already written included, and returns the first that matches.</summary>
    /// <param name="match">Which line.</param>
    /// <param name="timeout">Default: 30 s. Also fails once the process has exited without such a line.</param>
    public async Task<string> WaitForLineAsync(Func<string, bool> match, TimeSpan? timeout = null)
    {
        string? found = null;
        await _pulse.WaitUntilAsync(
            () => (found = _output.Find(line => match(line))) is not null || IsSilent,
            () => $"{this} has not written the awaited line. {LastLines()}",
            timeout);
        return found ?? throw new ShouldAssertException(
            $"{this} ended without writing the awaited line. {LastLines()}");
    }

    /// <summary>Waits until it has ended and all it wrote is in <see cref="Output"/>.</summary>
    /// <param name="timeout">Default: 30 s.</param>
    /// <returns>The exit code.</returns>
    public async Task<int> WaitForExitAsync(TimeSpan? timeout = null)
    {
        await _pulse.WaitUntilAsync(() => HasExited, () => $"{this} has not ended. {LastLines()}", timeout);
        try
        {
            await _pulse.WaitUntilAsync(() => IsSilent, () => "still writing", LastWords);
        }
        catch (ShouldAssertException)
        {
            // Something that it started lives on and holds its output.
        }

        return ExitCode;
    }

    /// <summary>Kills it, and what it has started, unless it has ended.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            using var patience = new CancellationTokenSource(Deadline.Default, TimeProvider.System);
            await _process.WaitForExitAsync(patience.Token);
        }

        _process.Dispose();
    }

    public override string ToString() => $"{_name} ({Id})";

    private bool IsSilent => Volatile.Read(ref _openStreams) == 0 && _process.HasExited;

    private void Listen()
    {
        _process.OutputDataReceived += (_, line) => Add(line.Data);
        _process.ErrorDataReceived += (_, line) => Add(line.Data);
        _process.Exited += (_, _) => _pulse.Beat();
        _process.EnableRaisingEvents = true;
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    private void Add(string? line)
    {
        if (line is null)
        {
            Interlocked.Decrement(ref _openStreams);
        }
        else
        {
            ImmutableInterlocked.Update(ref _output, (lines, added) => lines.Add(added), line);
        }

        _pulse.Beat();
    }

    private string LastLines() =>
        $"Its last lines:{Environment.NewLine}{string.Join(Environment.NewLine, _output.TakeLast(20))}";
}

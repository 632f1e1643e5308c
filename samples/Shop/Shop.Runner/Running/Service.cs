using System.Diagnostics;

namespace Shop.Runner.Running;

/// <summary>One of the three services: a child process that can be killed and started again.</summary>
/// <remarks>
/// Its standard input is a pipe that nothing is ever written to. When the runner closes it, or dies and
/// the system closes it, the service stops: see <c>StopWithRunner</c> in Shop.Hosting.
/// </remarks>
internal sealed class Service(
    string name, Uri address, string assembly, string log, IReadOnlyDictionary<string, string> environment) : IAsyncDisposable
{
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan HealthInterval = TimeSpan.FromMilliseconds(100);

    private readonly TaskCompletionSource _failed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Process? _process;
    private Task _watching = Task.CompletedTask;
    private bool _endExpected;

    public string Name => name;

    public Uri Address => address;

    public string Log => log;

    public HttpClient Http { get; } = new() { BaseAddress = address, Timeout = Timeout.InfiniteTimeSpan };

    /// <summary>Fails when the process ends by itself.</summary>
    public Task Failed => _failed.Task;

    public void Start(params IEnumerable<KeyValuePair<string, string>> more)
    {
        if (!File.Exists(assembly))
        {
            throw new ShopException($"{name} is not built: '{assembly}' is missing. Build Shop.Runner, which builds it along.");
        }

        // The shell gives the log file to the process and is replaced by it: the process id stays.
        var start = new ProcessStartInfo("/bin/sh") { RedirectStandardInput = true, WorkingDirectory = Path.GetDirectoryName(assembly) };
        foreach (var argument in (string[])["-c", "exec \"$1\" \"$2\" >>\"$3\" 2>&1", name, DotnetHost, assembly, log])
        {
            start.ArgumentList.Add(argument);
        }

        foreach (var (key, value) in environment.Concat(more))
        {
            start.Environment[key] = value;
        }

        _endExpected = false;
        _process = Process.Start(start)!;
        _watching = WatchAsync(_process);
    }

    /// <summary>Waits until <c>GET /health</c> says that all is well.</summary>
    public async Task WaitUntilHealthyAsync(CancellationToken ct)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(ct);
        timeout.CancelAfter(StartTimeout);
        var last = "no answer";
        try
        {
            while (!_failed.Task.IsCompleted)
            {
                try
                {
                    using var response = await Http.GetAsync("health", timeout.Token);
                    if (response.IsSuccessStatusCode)
                    {
                        return;
                    }

                    last = await response.Content.ReadAsStringAsync(timeout.Token);
                }
                catch (Exception e) when (e is HttpRequestException or IOException)
                {
                    // Not listening yet.
                }

                await Task.Delay(HealthInterval, TimeProvider.System, timeout.Token);
            }

            await _failed.Task;
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            throw new ShopException($"{name} is not healthy after {StartTimeout.TotalSeconds} s ({last}). Its log: {log}");
        }
    }

    /// <summary>SIGKILL: the process gets no chance to tidy up.</summary>
    public async Task KillAsync()
    {
        _endExpected = true;
        _process?.Kill();
        await _watching;
        _process?.Dispose();
    }

    /// <summary>Lets the process finish what it is at, and kills it when that takes too long.</summary>
    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        _endExpected = true;
        _process?.StandardInput.Close();
        try
        {
            await _watching.WaitAsync(StopTimeout, TimeProvider.System);
        }
        catch (TimeoutException)
        {
            await KillAsync();
        }

        _process?.Dispose();
    }

    private static string DotnetHost =>
        Environment.ProcessPath is { } path && Path.GetFileNameWithoutExtension(path) == "dotnet" ? path : "dotnet";

    private async Task WatchAsync(Process process)
    {
        await process.WaitForExitAsync(CancellationToken.None);
        if (!_endExpected)
        {
            _failed.TrySetException(new ShopException(
                $"{name} ended by itself with exit code {process.ExitCode}. The end of its log, {log}:{Environment.NewLine}{EndOfLog()}"));
        }
    }

    private string EndOfLog() => string.Join(Environment.NewLine, File.ReadLines(log).TakeLast(15));
}

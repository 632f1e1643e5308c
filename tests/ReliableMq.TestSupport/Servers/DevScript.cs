using System.Collections.Immutable;
using System.Diagnostics;

namespace ReliableMq.TestSupport;

/// <summary>Runs the repository's <c>./dev</c>, which knows how to install, start and torment servers.</summary>
internal static class DevScript
{
    // The first start of a version installs it.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    /// <summary>The root of the checkout.</summary>
    public static string Root { get; } = FindRoot(AppContext.BaseDirectory);

    /// <summary>Runs it, and reads its answer as lines of the form key=value.</summary>
    public static async Task<IReadOnlyDictionary<string, string>> ValuesAsync(
        IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null)
    {
        var output = await RunAsync(arguments, environment);
        return output
            .Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split('=', 2))
            .Where(pair => pair.Length == 2)
            .ToDictionary(pair => pair[0], pair => pair[1]);
    }

    /// <summary>Runs it and returns what it printed; an exit code other than 0 is an error with what it said.</summary>
    public static async Task<string> RunAsync(
        IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo(Path.Combine(Root, "dev"), arguments)
        {
            WorkingDirectory = Root,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in environment ?? ImmutableDictionary<string, string>.Empty)
        {
            start.Environment[name] = value;
        }

        var command = $"./dev {string.Join(' ', start.ArgumentList)}";
        using var process = Process.Start(start)!;
        using var deadline = new CancellationTokenSource(Patience, TimeProvider.System);
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(deadline.Token);
            var errors = process.StandardError.ReadToEndAsync(deadline.Token);
            await process.WaitForExitAsync(deadline.Token);
            return process.ExitCode == 0
                ? await output
                : throw new InvalidOperationException(
                    $"'{command}' failed with exit code {process.ExitCode}: {await errors}{await output}");
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            throw new TimeoutException($"'{command}' has not ended within {Show.Time(Patience)}.");
        }
    }

    private static string FindRoot(string start)
    {
        for (var folder = new DirectoryInfo(start); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "ReliableMq.sln")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException(
            $"'{start}' is not inside a checkout of ReliableMq, so there is no ./dev to start servers with. Set "
            + "RELIABLEMQ_RABBITMQ, RELIABLEMQ_RABBITMQ_MANAGEMENT and RELIABLEMQ_POSTGRES to use servers that run.");
    }
}

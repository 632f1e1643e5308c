using System.Collections.Concurrent;
using System.Diagnostics;

namespace ReliableMq.TestSupport;

/// <summary>
/// Starts processes that the kernel kills when this one dies, even by SIGKILL. Where setpriv is missing
/// (not Linux), only a regular end of this process takes them along.
/// </summary>
internal static class DiesWithParent
{
    private static readonly string? SetPriv =
        new[] { "/usr/bin/setpriv", "/bin/setpriv" }.FirstOrDefault(File.Exists);

    private static readonly ConcurrentDictionary<int, Process> Running = new();
    private static readonly BlockingCollection<Action> Starts = StartsOnOneThread();

    public static ProcessStartInfo Wrap(string program, IEnumerable<string> arguments) => SetPriv is null
        ? new ProcessStartInfo(program, arguments)
        : new ProcessStartInfo(SetPriv, ["--pdeathsig", "KILL", "--", program, .. arguments]);

    public static Process Start(ProcessStartInfo start)
    {
        var started = new TaskCompletionSource<Process>();
        Starts.Add(() =>
        {
            try
            {
                started.SetResult(Process.Start(start)!);
            }
            catch (Exception error)
            {
                started.SetException(error);
            }
        });

        var process = started.Task.GetAwaiter().GetResult();
        Running[process.Id] = process;
        return process;
    }

    // "Parent" is to the kernel the thread that forked, and a pool thread retires when it has been idle: one
    // thread that lives as long as this process starts them all.
    private static BlockingCollection<Action> StartsOnOneThread()
    {
        var starts = new BlockingCollection<Action>();
        new Thread(() =>
        {
            foreach (var start in starts.GetConsumingEnumerable())
            {
                start();
            }
        })
        {
            IsBackground = true,
            Name = "child process starter",
        }.Start();
        AppDomain.CurrentDomain.ProcessExit += (_, _) => KillAll();
        return starts;
    }

    private static void KillAll()
    {
        foreach (var process in Running.Values)
        {
            try
            {
                process.Kill(entireProcessTree: true);
            }
            catch (InvalidOperationException)
            {
                // Ended or disposed already.
            }
        }
    }
}

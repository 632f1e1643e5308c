using System.Globalization;
using Microsoft.Extensions.Hosting;
using ReliableMq.Faults.Soaking;

namespace ReliableMq.Faults.Workload;

/// <summary>What the process itself takes, into a file of its own. Before it looks, everything that can be is collected.</summary>
internal sealed class ProcessFigures(RoleOrders orders, TimeProvider time) : BackgroundService
{
    private readonly string _file = FileOf(orders.Folder, orders.Name);

    public static string FileOf(string folder, string name) => Path.Combine(folder, $"{name}{Samples.Extension}");

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Samples.Interval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                Samples.Append(_file, Look());
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The host stops.
        }
    }

    private List<Sample> Look()
    {
        // Twice, since what a finalizer let go is collected by the second.
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: true, compacting: true);
        GC.WaitForPendingFinalizers();
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: true, compacting: true);
        var now = time.GetUtcNow();
        return
        [
            new Sample(now, FigureKind.Heap.Name, orders.Name, GC.GetTotalMemory(forceFullCollection: false)),
            new Sample(now, FigureKind.Memory.Name, orders.Name, ResidentBytes()),
            new Sample(now, FigureKind.Handles.Name, orders.Name, Directory.EnumerateFileSystemEntries("/proc/self/fd").Count()),
            new Sample(now, FigureKind.Threads.Name, orders.Name, Directory.EnumerateFileSystemEntries("/proc/self/task").Count()),
            new Sample(now, FigureKind.Timers.Name, orders.Name, Timer.ActiveCount),
        ];
    }

    private static double ResidentBytes() =>
        double.Parse(File.ReadAllText("/proc/self/statm").Split(' ')[1], CultureInfo.InvariantCulture) * Environment.SystemPageSize;
}

using Microsoft.Extensions.Hosting;
using Npgsql;

namespace ReliableMq.Faults.Workload;

/// <summary>Loses a little every second, as a defect of the library would: a soak has to notice it.</summary>
internal sealed class Leak(IReadOnlyList<string> what, RoleOrders orders, TimeProvider time) : BackgroundService
{
    public const string Heap = "heap";
    public const string Handles = "handles";
    public const string Timers = "timers";
    public const string Connections = "connections";

    /// <summary>The machine's part: nothing that was handled grows old, so the inbox keeps all.</summary>
    public const string Rows = "rows";

    public static readonly string[] All = [Heap, Handles, Timers, Connections, Rows];

    private const int HeapBytes = 30_000;
    private const int SecondsAConnection = 8;

    private readonly List<object> _lost = [];

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1), time);
        for (var second = 0; await timer.WaitForNextTickAsync(stoppingToken).AsTask().ContinueWith(tick => tick.IsCompletedSuccessfully && tick.Result, TaskScheduler.Default); second++)
        {
            foreach (var one in what)
            {
                if (await LoseAsync(one, second) is { } lost)
                {
                    _lost.Add(lost);
                }
            }
        }
    }

    private async Task<object?> LoseAsync(string one, int second)
    {
        switch (one)
        {
            case Heap:
                return new byte[HeapBytes];
            case Handles:
                return File.OpenRead("/dev/null");
            case Timers:
                return time.CreateTimer(_ => { }, null, TimeSpan.FromDays(1), Timeout.InfiniteTimeSpan);
            case Connections when second % SecondsAConnection == 0:
                var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(orders.DirectConnectionString) { Pooling = false }.ConnectionString);
                await connection.OpenAsync(CancellationToken.None);
                return connection;
            default:
                return null;
        }
    }
}

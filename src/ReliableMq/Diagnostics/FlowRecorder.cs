using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using NpgsqlTypes;
using ReliableMq.Storage;
using ReliableMq.Timing;

namespace ReliableMq.Diagnostics;

/// <summary>
/// Keeps what this process did in each minute, for whoever looks at all processes together: in the service's first inbox
/// database or, without one, its first. A process that does nothing writes nothing.
/// </summary>
internal sealed class FlowRecorder(ServiceDatabases databases, ReliableMqMetrics metrics, TimeProvider time, QuietLogger<FlowRecorder> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    private readonly ServiceDatabase? _database = databases.Inboxes.FirstOrDefault() ?? databases.All.FirstOrDefault();
    private FlowTotals _atMinute = FlowTotals.Zero;
    private FlowTotals _tried = FlowTotals.Zero;
    private FlowTotals _written = FlowTotals.Zero;
    private DateTime _minute;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (_database is null)
        {
            return;
        }

        using var timer = new PeriodicTimer(Interval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                await TryRunOnceAsync(stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The host stops.
        }
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        if (_database is not null)
        {
            await TryRunOnceAsync(cancellationToken);
        }
    }

    private async Task TryRunOnceAsync(CancellationToken cancellationToken)
    {
        using var limit = TimeLimit.None(cancellationToken);
        try
        {
            await RunOnceAsync(limit.Token);
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            // Nothing is lost: the next time writes the whole minute.
            LogMessages.FlowNotRecorded(logger, exception);
        }
        catch (Exception) when (cancellationToken.IsCancellationRequested)
        {
            // The host stops.
        }
    }

    public async Task RunOnceAsync(CancellationToken cancellationToken)
    {
        if (_database is not { Ready.IsCompletedSuccessfully: true } database)
        {
            return;
        }

        var totals = metrics.Flow.Read(databases.All.Sum(each => each.Committed));
        if (totals.IsSameAs(_written))
        {
            return;
        }

        var now = time.GetUtcNow().UtcDateTime;
        var minute = now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMinute));
        // A clock that was set back must not begin a minute again that is written.
        minute = minute < _minute ? _minute : minute;
        var isNew = false;
        await using var session = await database.OpenAsync(cancellationToken);
        if (minute != _minute)
        {
            if (!_tried.IsSameAs(_written))
            {
                // Nobody knows whether the last of the minute before was written, so it is written as it was.
                await WriteAsync(session.Connection, database, _minute, _tried, removesOld: false, cancellationToken);
            }

            // What came since then counts to the new minute.
            (_minute, _atMinute, isNew) = (minute, _written, true);
        }

        await WriteAsync(session.Connection, database, minute, totals, isNew, cancellationToken);
    }

    private async Task WriteAsync(NpgsqlConnection connection, ServiceDatabase database, DateTime minute, FlowTotals totals, bool removesOld, CancellationToken cancellationToken)
    {
        _tried = totals;
        await using var batch = new NpgsqlBatch(connection) { BatchCommands = { Command(database, minute, totals.Since(_atMinute)) } };
        if (removesOld)
        {
            batch.BatchCommands.Add(new NpgsqlBatchCommand(new FlowSql(database.Schema).Remove));
        }

        await batch.ExecuteNonQueryAsync(cancellationToken);
        _written = totals;
    }

    private static NpgsqlBatchCommand Command(ServiceDatabase database, DateTime minute, FlowTotals flow) => new(new FlowSql(database.Schema).Write)
    {
        Parameters =
        {
            new NpgsqlParameter<DateTime>("minute", NpgsqlDbType.TimestampTz) { TypedValue = minute },
            new NpgsqlParameter<Guid>("node", database.Node.Id),
            new NpgsqlParameter<long>("committed", flow.Committed),
            new NpgsqlParameter<long>("sent", flow.Sent),
            new NpgsqlParameter<long>("handled", flow.Handled),
            new NpgsqlParameter<long>("failed", flow.Failed),
            new NpgsqlParameter<long>("dead_lettered", flow.DeadLettered),
            new NpgsqlParameter<string>("confirm", Text(flow.Confirm)),
            new NpgsqlParameter<string>("handle", Text(flow.Handle)),
        },
    };

    /// <summary>Only the buckets that have something: <c>bucket:count</c>, separated by blanks.</summary>
    private static string Text(long[] buckets) => string.Join(' ', buckets.Index().Where(bucket => bucket.Item > 0).Select(bucket => $"{bucket.Index}:{bucket.Item}"));
}

using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace ReliableMq.Benchmarks.EndToEnd;

/// <summary>What a round has used so far: of this process, and of the database server.</summary>
internal sealed record Counters(TimeSpan Cpu, long Allocated, long Commands, long WalBytes)
{
    public static async Task<Counters> ReadAsync(Place place, CommandCount commands) => new(
        Process.GetCurrentProcess().TotalProcessorTime, GC.GetTotalAllocatedBytes(), commands.Value,
        await place.Sender.ScalarAsync<long>("SELECT (pg_current_wal_insert_lsn() - '0/0')::bigint"));
}

/// <summary>Counts the database commands of this process by Npgsql's own meter.</summary>
internal sealed class CommandCount : IDisposable
{
    private readonly MeterListener _listener = new();
    private long _value;

    public CommandCount()
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument is { Meter.Name: "Npgsql", Name: "db.client.operation.duration" or "db.client.commands.duration" })
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<double>((_, _, _, _) => Interlocked.Increment(ref _value));
        _listener.Start();
    }

    public long Value => Interlocked.Read(ref _value);

    public void Dispose() => _listener.Dispose();
}

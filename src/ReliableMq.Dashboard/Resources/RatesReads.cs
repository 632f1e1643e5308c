using System.Globalization;
using Npgsql;
using ReliableMq.Dashboard.Contract;
using ReliableMq.Dashboard.Services;

namespace ReliableMq.Dashboard.Resources;

/// <summary>What is read of <c>node_minute</c>: a row for each minute in which a process did something. Primary key.</summary>
internal static class RatesReads
{
    public static string Minutes(string schema) =>
        $"SELECT minute, committed, sent, handled, failed, dead_lettered, confirm, handle FROM {schema}.node_minute WHERE minute >= @from AND minute < @until";

    public static MinuteRow Read(NpgsqlDataReader reader) => new(
        reader.Time(0), reader.GetInt64(1), reader.GetInt64(2), reader.GetInt64(3), reader.GetInt64(4), reader.GetInt64(5), reader.GetString(6), reader.GetString(7));
}

/// <summary>What a process did in a minute.</summary>
internal sealed record MinuteRow(DateTimeOffset Minute, long Committed, long Sent, long Handled, long Failed, long DeadLettered, string Confirm, string Handle)
{
    /// <summary>All that several did, as one step.</summary>
    public static RatePoint Sum(DateTimeOffset at, IEnumerable<MinuteRow> rows)
    {
        var (committed, sent, handled, failed, deadLettered) = (0L, 0L, 0L, 0L, 0L);
        var (confirm, handle) = (new Histogram(), new Histogram());
        foreach (var row in rows)
        {
            committed += row.Committed;
            sent += row.Sent;
            handled += row.Handled;
            failed += row.Failed;
            deadLettered += row.DeadLettered;
            confirm.Add(row.Confirm);
            handle.Add(row.Handle);
        }

        return new RatePoint(at, committed, sent, handled, failed, deadLettered, confirm.Latency, handle.Latency);
    }
}

/// <summary>Buckets that each end at √2 times the one before, from 1 ms on, as processes write them.</summary>
internal sealed class Histogram
{
    private readonly SortedDictionary<int, long> _counts = [];

    /// <param name="text"><c>bucket:count</c>, separated by blanks.</param>
    public void Add(string text)
    {
        foreach (var part in text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            var colon = part.IndexOf(':', StringComparison.Ordinal);
            var bucket = int.Parse(part.AsSpan(0, colon), NumberStyles.None, CultureInfo.InvariantCulture);
            _counts[bucket] = _counts.GetValueOrDefault(bucket) + long.Parse(part.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture);
        }
    }

    public Latency? Latency => _counts.Values.Sum() is > 0 and var count ? new Latency(count, Percentile(0.50, count), Percentile(0.95, count), Percentile(0.99, count)) : null;

    private static double End(int bucket) => Math.Pow(2, bucket / 2.0);

    /// <summary>As if the latencies of a bucket were spread evenly over it.</summary>
    private double Percentile(double share, long count)
    {
        var wanted = share * count;
        var passed = 0L;
        foreach (var (bucket, of) in _counts)
        {
            if (passed + of >= wanted)
            {
                var start = bucket == 0 ? 0 : End(bucket - 1);
                return Math.Round(start + ((End(bucket) - start) * (wanted - passed) / of), 2);
            }

            passed += of;
        }

        return End(_counts.Keys.Last());
    }
}

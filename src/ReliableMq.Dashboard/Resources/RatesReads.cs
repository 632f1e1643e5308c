using System.Globalization;
using Npgsql;
using ReliableMq.Dashboard.Contract;
using ReliableMq.Dashboard.Services;

namespace ReliableMq.Dashboard.Resources;

/// <summary>What is read of <c>node_minute</c>: of each minute in which a process did something, added up in steps. Primary key.</summary>
internal static class RatesReads
{
    public static string Steps(string schema) =>
        $"""
        SELECT floor(extract(epoch FROM minute - @from) / @step)::int AS step, sum(committed)::bigint, sum(sent)::bigint, sum(handled)::bigint, sum(failed)::bigint, sum(dead_lettered)::bigint,
               string_agg(confirm, ' '), string_agg(handle, ' ')
        FROM {schema}.node_minute WHERE minute >= @from AND minute < @until
        GROUP BY step
        """;

    public static StepRow Read(NpgsqlDataReader reader) => new(
        reader.GetInt32(0), reader.GetInt64(1), reader.GetInt64(2), reader.GetInt64(3), reader.GetInt64(4), reader.GetInt64(5), Histogram.Of(reader.GetString(6)), Histogram.Of(reader.GetString(7)));
}

/// <summary>What the processes of a service did in a step.</summary>
internal sealed record StepRow(int Step, long Committed, long Sent, long Handled, long Failed, long DeadLettered, Histogram Confirm, Histogram Handle)
{
    /// <summary>All that several did, as one step.</summary>
    public static RatePoint Sum(DateTimeOffset at, IEnumerable<StepRow> rows)
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
    private const int LastBucket = 127;

    private readonly long[] _counts = new long[LastBucket + 1];

    /// <param name="text"><c>bucket:count</c>, separated by blanks; a bucket may come again.</param>
    public static Histogram Of(string text)
    {
        var histogram = new Histogram();
        var (bucket, number) = (0L, 0L);
        // A week of several processes is some ten million characters.
        foreach (var c in text)
        {
            switch (c)
            {
                case ':':
                    (bucket, number) = (number, 0);
                    break;
                case ' ':
                    histogram._counts[Math.Min(LastBucket, bucket)] += number;
                    number = 0;
                    break;
                default:
                    number = (number * 10) + (c - '0');
                    break;
            }
        }

        histogram._counts[Math.Min(LastBucket, bucket)] += number;
        return histogram;
    }

    public void Add(Histogram other)
    {
        for (var bucket = 0; bucket <= LastBucket; bucket++)
        {
            _counts[bucket] += other._counts[bucket];
        }
    }

    public Latency? Latency => _counts.Sum() is > 0 and var count ? new Latency(count, Percentile(0.50, count), Percentile(0.95, count), Percentile(0.99, count)) : null;

    private static double End(int bucket) => Math.Pow(2, bucket / 2.0);

    /// <summary>As if the latencies of a bucket were spread evenly over it.</summary>
    private double Percentile(double share, long count)
    {
        var wanted = share * count;
        var passed = 0L;
        foreach (var (bucket, of) in _counts.Index().Where(entry => entry.Item > 0))
        {
            if (passed + of >= wanted)
            {
                var start = bucket == 0 ? 0 : End(bucket - 1);
                return Math.Round(start + ((End(bucket) - start) * (wanted - passed) / of), 2);
            }

            passed += of;
        }

        return End(LastBucket);
    }
}

using Npgsql;
using ReliableMq.Dashboard.Contract;
using ReliableMq.Dashboard.Services;

namespace ReliableMq.Dashboard.Resources;

/// <summary>What the tables say of a service's queues, one statement for all of them.</summary>
internal static class QueuesReads
{
    private const int MostCounted = 10_000;

    /// <summary>Of each setting the newest counts that somebody goes by.</summary>
    public static string All(string schema, string conditions) =>
        $"""
        SELECT q.queue,
               (SELECT count(*) FROM (SELECT FROM {schema}.failure f WHERE f.queue = q.queue AND f.state = 'scheduled' LIMIT {MostCounted + 1}) AS counted),
               (SELECT count(*) FROM (SELECT FROM {schema}.failure f WHERE f.queue = q.queue AND f.state = 'failing' LIMIT {MostCounted + 1}) AS counted),
               (SELECT count(*) FROM (SELECT FROM {schema}.parked p WHERE p.queue = q.queue LIMIT {MostCounted + 1}) AS counted),
               (SELECT count(*) FROM (SELECT FROM {schema}.dead_letter d WHERE d.queue = q.queue AND d.discarded_at IS NULL AND d.replayed_at IS NULL LIMIT {MostCounted + 1}) AS counted),
               p.value, p.lasting, p.changed_at, c.value, c.lasting, c.changed_at, f.value, f.lasting, f.changed_at
        FROM (SELECT DISTINCT s.queue FROM {schema}.consumer_setting s WHERE {conditions}) AS q
        LEFT JOIN LATERAL {Newest(schema, "paused")} AS p ON true
        LEFT JOIN LATERAL {Newest(schema, "concurrency")} AS c ON true
        LEFT JOIN LATERAL {Newest(schema, "prefetch")} AS f ON true
        ORDER BY q.queue
        """;

    /// <summary>What does not last is in force while a process runs that ran when it was said.</summary>
    private static string Newest(string schema, string setting) =>
        $"""
        (SELECT n.value, n.lasting, n.changed_at FROM {schema}.consumer_setting n
         WHERE n.queue = q.queue AND n.setting = '{setting}'
           AND (n.lasting OR EXISTS (SELECT FROM {schema}.node p WHERE p.started_at <= n.changed_at AND p.heartbeat_at > clock_timestamp() - interval '{OverviewReads.LateHeartbeatSeconds} seconds'))
         ORDER BY n.changed_at DESC LIMIT 1)
        """;

    /// <summary>The names of the queues that are paused now; null where there is none.</summary>
    public static string Paused(string schema) =>
        $"(SELECT string_agg(q.queue, ', ' ORDER BY q.queue) FROM (SELECT DISTINCT s.queue FROM {schema}.consumer_setting s) AS q JOIN LATERAL {Newest(schema, "paused")} AS p ON p.value = 1)";

    public static QueueItem Item(KnownService service, NpgsqlDataReader reader)
    {
        var queue = reader.GetString(0);
        var isPaused = !reader.IsDBNull(5) && reader.GetInt32(5) == 1;
        var (concurrency, prefetch) = (Number(reader, 8), Number(reader, 11));
        var settings = new ConsumerSettings(
            isPaused, isPaused ? reader.TimeOrNull(7) : null, isPaused && reader.GetBoolean(6), concurrency, prefetch,
            (concurrency is not null && reader.GetBoolean(9)) || (prefetch is not null && reader.GetBoolean(12)), concurrency is null && prefetch is null ? null : reader.TimeOrNull(10) ?? reader.TimeOrNull(13));
        var consumers = service.IsOwn ? service.Tables.Consumers.List().Where(consumer => consumer.Queue == queue).Select(Of).ToList() : [];
        return new QueueItem(
            service.Name, queue, IsConsumed: true, QueueSource.None, Depth: null, Counts.UpTo(MostCounted, reader.GetInt64(1)), Counts.UpTo(MostCounted, reader.GetInt64(2)), Counts.UpTo(MostCounted, reader.GetInt64(3)),
            Counts.UpTo(MostCounted, reader.GetInt64(4)), settings, consumers, Policy: null, Type: null, new Dictionary<string, string>(), Differences: null);
    }

    /// <summary>Queues of this process that its tables do not know, because their handlers have none.</summary>
    public static IEnumerable<QueueItem> OfProcess(KnownService service) => !service.IsOwn ? [] : service.Tables.Consumers.List().GroupBy(consumer => consumer.Queue, StringComparer.Ordinal).Select(same =>
    {
        var (first, none) = (same.First(), Count.Unknown);
        var settings = new ConsumerSettings(
            first.PausedSince is not null, first.PausedSince, IsPauseLasting: false, first.Concurrency == first.ConfiguredConcurrency ? null : first.Concurrency,
            first.Prefetch == first.ConfiguredPrefetch ? null : first.Prefetch, IsChangeLasting: false, ChangedAt: null);
        return new QueueItem(
            service.Name, same.Key, IsConsumed: true, QueueSource.None, Depth: null, none, none, none, none, settings, [.. same.Select(Of)], Policy: null, Type: null, new Dictionary<string, string>(), Differences: null);
    });

    /// <summary>With what the broker of this process says.</summary>
    public static QueueItem With(QueueItem item, BrokerQueue queue, bool isOwn) => item with
    {
        IsSameBrokerAssumed = !isOwn,
        Source = queue.Unacked is null ? QueueSource.Amqp : QueueSource.Management,
        Depth = new QueueDepth(queue.Ready, queue.Unacked, queue.Consumers, queue.PublishRate, queue.DeliverRate, queue.AckRate, queue.InDeadLetterQueue),
        Policy = queue.Policy,
        Type = queue.Arguments.GetValueOrDefault("x-queue-type"),
        Arguments = queue.Arguments,
        Differences = isOwn ? queue.Differences : null,
    };

    private static ConsumerItem Of(ConsumerInfo consumer) => new(
        consumer.Host, consumer.ProcessId, consumer.IsConsuming, consumer.Description, consumer.Concurrency, consumer.ConfiguredConcurrency, consumer.Prefetch, consumer.ConfiguredPrefetch, consumer.Handling);

    private static int? Number(NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetInt32(column);
}

using Npgsql;
using ReliableMq.Receiving;

namespace ReliableMq.Storage;

/// <summary>How many connections the library may use at once, so that a pool too small for them is told of.</summary>
internal static class PoolSize
{
    /// <summary>Finding rows, recording outcomes, setting suspects aside, and what is scheduled or asked by operators.</summary>
    private const int Dispatcher = 4;

    /// <summary>A handler has one connection; each queue's dead letters are taken one by one.</summary>
    public static int Needed(IEnumerable<QueueSettings> queues) => Dispatcher + queues.Sum(queue => queue.Concurrency + 1);

    /// <summary>Null where there is no pool.</summary>
    public static int? Of(NpgsqlConnection connection) =>
        new NpgsqlConnectionStringBuilder(connection.ConnectionString) is { Pooling: true, MaxPoolSize: var most } ? most : null;
}

using Npgsql;
using NpgsqlTypes;
using ReliableMq.Receiving;
using ReliableMq.Storage;

namespace ReliableMq.Inbox;

/// <summary>The statements on marks, run by this process as their node.</summary>
internal sealed class StartTable(ServiceDatabase database, TimeSpan lease)
{
    private readonly StartSql _sql = new(database.Schema);

    /// <returns>When the run has begun, which tells it from others; null where the message has a mark.</returns>
    public async Task<DateTime?> MarkAsync(NpgsqlConnection connection, Delivery delivery, CancellationToken cancellationToken)
    {
        await using var command = Command(connection, _sql.Mark, delivery, Node(), Host(), Lease());
        return (DateTime?)await command.ExecuteScalarAsync(cancellationToken);
    }

    public async Task<StartMark?> ReadAsync(NpgsqlConnection connection, Delivery delivery, CancellationToken cancellationToken)
    {
        await using var command = Command(connection, _sql.Read, delivery);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken)
            ? new StartMark(
                reader.IsDBNull(0) ? null : reader.GetGuid(0), reader.GetString(1), reader.GetDateTime(2), reader.GetDateTime(3), reader.GetFieldValue<TimeSpan>(4),
                reader.GetBoolean(5), reader.GetInt32(6), reader.GetString(7))
            : null;
    }

    /// <returns>When the run has begun; null where the mark is not the one that was read any more.</returns>
    public async Task<DateTime?> TakeOverAsync(NpgsqlConnection connection, Delivery delivery, StartMark mark, CancellationToken cancellationToken)
    {
        await using var command = Command(connection, _sql.TakeOver, delivery, [Node(), Host(), Lease(), .. Seen(mark)]);
        return (DateTime?)await command.ExecuteScalarAsync(cancellationToken);
    }

    /// <returns>What the message has done; null where the mark is not the one that was read any more.</returns>
    public async Task<(int LoneDeaths, string History)?> SuspectAsync(NpgsqlConnection connection, Delivery delivery, StartMark mark, CancellationToken cancellationToken)
    {
        await using var command = Command(connection, _sql.Suspect, delivery, [new NpgsqlParameter<string>("line", mark.Line), .. Seen(mark)]);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? (reader.GetInt32(0), reader.GetString(1)) : null;
    }

    public async Task RenewAsync(NpgsqlConnection connection, IReadOnlyCollection<MarkKey> keys, CancellationToken cancellationToken)
    {
        await using var command = Many(connection, _sql.Renew, keys);
        command.Parameters.Add(Lease());
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <returns>Those that could not be cleared now.</returns>
    public async Task<HashSet<MarkKey>> EndAsync(NpgsqlConnection connection, IReadOnlyDictionary<MarkKey, DateTime> runs, CancellationToken cancellationToken)
    {
        await using var command = Many(connection, _sql.End, [.. runs.Keys]);
        command.Parameters.Add(new NpgsqlParameter("started_at", NpgsqlDbType.Array | NpgsqlDbType.TimestampTz) { Value = runs.Values.ToArray() });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var left = new HashSet<MarkKey>();
        while (await reader.ReadAsync(cancellationToken))
        {
            left.Add(new MarkKey(reader.GetString(0), reader.GetString(1)));
        }

        return left;
    }

    private NpgsqlCommand Many(NpgsqlConnection connection, string sql, IReadOnlyCollection<MarkKey> keys) => new(sql, connection)
    {
        Parameters =
        {
            Node(), new NpgsqlParameter<string[]>("queues", [.. keys.Select(key => key.Queue)]), new NpgsqlParameter<string[]>("message_ids", [.. keys.Select(key => key.MessageId)]),
        },
    };

    private static NpgsqlCommand Command(NpgsqlConnection connection, string sql, Delivery delivery, params NpgsqlParameter[] further)
    {
        var command = new NpgsqlCommand(sql, connection)
        {
            Parameters = { new NpgsqlParameter<string>("queue", delivery.Queue), new NpgsqlParameter<string>("message_id", delivery.MessageId!) },
        };
        command.Parameters.AddRange(further);
        return command;
    }

    private static NpgsqlParameter[] Seen(StartMark mark) =>
    [
        new("seen_node", NpgsqlDbType.Uuid) { Value = mark.Node is { } node ? node : DBNull.Value },
        new("seen_until", NpgsqlDbType.TimestampTz) { Value = mark.AliveUntil },
    ];

    private NpgsqlParameter<Guid> Node() => new("node", database.Node.Id);

    private NpgsqlParameter<string> Host() => new("host", database.Node.Host);

    private NpgsqlParameter<TimeSpan> Lease() => new("lease", NpgsqlDbType.Interval) { TypedValue = lease };
}

/// <summary>The message that a mark is about.</summary>
internal readonly record struct MarkKey(string Queue, string MessageId);

using Npgsql;
using NpgsqlTypes;
using ReliableMq.Alerting;
using ReliableMq.Storage;

namespace ReliableMq.Outbox;

/// <summary>The statements of one database's outbox, run: each method is one round trip.</summary>
internal sealed class OutboxTable(ServiceDatabase database)
{
    private readonly OutboxSql _sql = database.OutboxSql;
    private readonly KeySql _keySql = new(database.Schema);
    private readonly OutboxOptions _options = database.Options.Outbox;

    /// <summary>Heartbeat, claims and the time until the next row or key is available, in one round trip.</summary>
    /// <param name="limit">The most rows.</param>
    /// <param name="keyLimit">The most keys.</param>
    /// <param name="from">Rows that were due before are left out.</param>
    /// <param name="cancellationToken">Cancels the statements.</param>
    public async Task<Poll> PollAsync(int limit, int keyLimit, DateTime from, CancellationToken cancellationToken)
    {
        await using var session = await database.OpenAsync(cancellationToken);
        await using var batch = new NpgsqlBatch(session.Connection);
        batch.BatchCommands.Add(new NpgsqlBatchCommand(_sql.Heartbeat)
        {
            Parameters = { Node(), new NpgsqlParameter<string>("service", database.Options.Service ?? ""), new NpgsqlParameter<string>("host", database.Node.Host) },
        });
        batch.BatchCommands.Add(new NpgsqlBatchCommand(_sql.Claim)
        {
            Parameters = { new NpgsqlParameter<int>("limit", limit), Node(), Lease(), From() },
        });
        batch.BatchCommands.Add(new NpgsqlBatchCommand(_keySql.ClaimDue)
        {
            Parameters = { From(), new NpgsqlParameter<int>("limit", keyLimit), Node(), Lease(), new NpgsqlParameter<Guid>("token", Guid.NewGuid()) },
        });
        batch.BatchCommands.Add(new NpgsqlBatchCommand(_sql.NextAvailable) { Parameters = { From() } });

        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        var rows = await ReadRowsAsync(reader, cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        var keys = await KeyTable.ReadLeasesAsync(reader, cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return new Poll(rows, keys, reader.IsDBNull(0) ? null : reader.GetFieldValue<TimeSpan>(0), reader.GetDateTime(1));

        NpgsqlParameter<DateTime> From() => new("from", NpgsqlDbType.TimestampTz) { TypedValue = from };
    }

    /// <summary>The rows behind ids handed over, as far as they exist and are still this process's.</summary>
    public async Task<List<OutboxRow>> ReadHandedOverAsync(Guid[] ids, CancellationToken cancellationToken)
    {
        await using var session = await database.OpenAsync(cancellationToken);
        var rows = await ReadAsync(session.Connection, _sql.ReadHeld, ids, cancellationToken);
        if (rows.Count < ids.Length)
        {
            // Few in number: rolled back to a savepoint, or waiting so long that the lease became short.
            var found = rows.Select(row => row.Id).ToHashSet();
            rows.AddRange(await ReadAsync(session.Connection, _sql.Renew, [.. ids.Where(id => !found.Contains(id))], cancellationToken));
        }

        return rows;
    }

    /// <returns>Null where the row is gone.</returns>
    public async Task<byte[]?> ReadBodyAsync(Guid id, CancellationToken cancellationToken)
    {
        await using var session = await database.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand(_sql.Body, session.Connection) { Parameters = { new NpgsqlParameter<Guid>("id", id) } };
        return await command.ExecuteScalarAsync(cancellationToken) as byte[];
    }

    public async Task FinishAsync(IReadOnlyList<OutboxRow> rows, string outcome, CancellationToken cancellationToken)
    {
        await using var session = await database.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand(_sql.Finish, session.Connection)
        {
            Parameters = { Ids(rows), Fences(rows), new NpgsqlParameter<string>("outcome", outcome) },
        };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    public async Task FailAsync(IReadOnlyList<FailedRow> failed, CancellationToken cancellationToken)
    {
        var rows = failed.Select(f => f.Row).ToArray();
        await using var session = await database.OpenAsync(cancellationToken);
        var command = new NpgsqlBatchCommand(_sql.Fail) { Parameters = { Ids(rows), Fences(rows) } };
        await using var batch = new NpgsqlBatch(session.Connection);
        await FailAsync(batch, database.Alerts, command, failed, cancellationToken);
    }

    /// <summary>Records failures, and raises an alert of those that wait for an operator, in one transaction and round trip.</summary>
    public static async Task FailAsync(NpgsqlBatch batch, Alerts alerts, NpgsqlBatchCommand command, IReadOnlyList<FailedRow> failed, CancellationToken cancellationToken)
    {
        AddFailures(command.Parameters, failed);
        batch.BatchCommands.Add(command);
        var raises = failed.Where(f => f.Failure.GivesUp).Select(OutboxAlerts.Failed).ToList();
        if (raises.Count > 0)
        {
            batch.BatchCommands.Add(alerts.Command(raises));
        }

        await batch.ExecuteNonQueryAsync(cancellationToken);
        if (raises.Count > 0)
        {
            alerts.WakeSoon();
        }
    }

    public async Task RaiseAsync(IReadOnlyList<AlertRaise> raises, CancellationToken cancellationToken)
    {
        await using var session = await database.OpenAsync(cancellationToken);
        await database.Alerts.RaiseAsync(session.Connection, raises, cancellationToken);
    }

    /// <summary>What both statements that record failures are told of each.</summary>
    private static void AddFailures(NpgsqlParameterCollection parameters, IReadOnlyList<FailedRow> failed)
    {
        parameters.Add(new NpgsqlParameter<int[]>("counted", [.. failed.Select(f => f.Failure.IsAttempt ? 1 : 0)]));
        parameters.Add(new NpgsqlParameter<string[]>("kinds", [.. failed.Select(f => f.Failure.Kind)]));
        parameters.Add(new NpgsqlParameter<string[]>("errors", [.. failed.Select(f => SafeText.ForPostgres(f.Failure.Error))]));
        parameters.Add(new NpgsqlParameter<TimeSpan[]>("delays", [.. failed.Select(f => f.Failure.Delay)]));
        parameters.Add(new NpgsqlParameter<bool[]>("gives_up", [.. failed.Select(f => f.Failure.GivesUp)]));
    }

    public async Task ReleaseAsync(IReadOnlyList<OutboxRow> rows, TimeSpan delay, CancellationToken cancellationToken)
    {
        await using var session = await database.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand(_sql.Release, session.Connection)
        {
            Parameters = { Ids(rows), Fences(rows), new NpgsqlParameter<TimeSpan>("delay", delay) },
        };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    public async Task ReleaseAllAsync(CancellationToken cancellationToken)
    {
        await using var session = await database.OpenAsync(cancellationToken);
        await using var batch = new NpgsqlBatch(session.Connection);
        foreach (var sql in new[] { _sql.ReleaseAll, _keySql.ReleaseAll })
        {
            batch.BatchCommands.Add(new NpgsqlBatchCommand(sql) { Parameters = { Node(), Lease() } });
        }

        await batch.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Which of the ids are stored, whatever they wait for.</summary>
    public async Task<HashSet<Guid>> FindStoredAsync(Guid[] ids, CancellationToken cancellationToken)
    {
        await using var session = await database.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand(_sql.Stored, session.Connection) { Parameters = { new NpgsqlParameter<Guid[]>("ids", ids) } };
        return [.. await ReadIdsAsync(command, cancellationToken)];
    }

    /// <summary>Succeeds where outcomes may be written, whoever has locked a row.</summary>
    public async Task WriteNothingAsync(CancellationToken cancellationToken)
    {
        await using var session = await database.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand(_sql.WriteNothing, session.Connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Which of the ids have been committed, and which of those have left since.</summary>
    public async Task<(HashSet<Guid> Stored, HashSet<Guid> Left)> FindKnownAsync(Guid[] ids, CancellationToken cancellationToken)
    {
        await using var session = await database.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand(_sql.Known, session.Connection) { Parameters = { new NpgsqlParameter<Guid[]>("ids", ids) } };
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        HashSet<Guid> stored = [], left = [];
        while (await reader.ReadAsync(cancellationToken))
        {
            (reader.GetBoolean(1) ? stored : left).Add(reader.GetGuid(0));
        }

        return (stored, left);
    }

    /// <summary>Offers rows and keys that were set aside for a destination, up to a number of each.</summary>
    /// <returns>The ids of the rows, in ascending order, and how many keys.</returns>
    public async Task<(List<Guid> Rows, int Keys)> HurryAsync(Destination destination, Guid after, int limit, CancellationToken cancellationToken)
    {
        await using var session = await database.OpenAsync(cancellationToken);
        await using var keys = new NpgsqlCommand(_keySql.Hurry, session.Connection)
        {
            Parameters = { new NpgsqlParameter<string>("exchange", destination.Exchange), new NpgsqlParameter<string>("routing_key", destination.RoutingKey), new NpgsqlParameter<int>("limit", limit) },
        };
        var offered = await keys.ExecuteNonQueryAsync(cancellationToken);
        await using var rows = new NpgsqlCommand(_sql.Hurry, session.Connection)
        {
            Parameters =
            {
                new NpgsqlParameter<string>("exchange", destination.Exchange), new NpgsqlParameter<string>("routing_key", destination.RoutingKey),
                new NpgsqlParameter<int>("limit", limit), new NpgsqlParameter<Guid>("after", after),
            },
        };
        return ([.. (await ReadIdsAsync(rows, cancellationToken)).Order()], offered);
    }

    /// <summary>Sets due rows of paused destinations aside, up to a number.</summary>
    /// <returns>How many.</returns>
    public async Task<int> SetAsideAsync(IReadOnlyList<(Destination Destination, Failure Failure)> paused, DateTime from, int limit, CancellationToken cancellationToken)
    {
        await using var session = await database.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand(_sql.SetAside, session.Connection)
        {
            Parameters =
            {
                new NpgsqlParameter<string[]>("exchanges", [.. paused.Select(p => p.Destination.Exchange)]),
                new NpgsqlParameter<string[]>("routing_keys", [.. paused.Select(p => p.Destination.RoutingKey)]),
                new NpgsqlParameter<string[]>("kinds", [.. paused.Select(p => p.Failure.Kind)]),
                new NpgsqlParameter<string[]>("errors", [.. paused.Select(p => SafeText.ForPostgres(p.Failure.Error))]),
                new NpgsqlParameter<TimeSpan[]>("delays", [.. paused.Select(p => p.Failure.Delay)]),
                new NpgsqlParameter<DateTime>("from", NpgsqlDbType.TimestampTz) { TypedValue = from },
                new NpgsqlParameter<int>("limit", limit),
            },
        };
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static async Task<List<Guid>> ReadIdsAsync(NpgsqlCommand command, CancellationToken cancellationToken)
    {
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var ids = new List<Guid>();
        while (await reader.ReadAsync(cancellationToken))
        {
            ids.Add(reader.GetGuid(0));
        }

        return ids;
    }

    public async Task<PendingRows> CountPendingAsync(CancellationToken cancellationToken)
    {
        await using var session = await database.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand(_sql.Pending, session.Connection) { Parameters = { Lease() } };
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return new PendingRows(reader.GetInt64(0), reader.IsDBNull(1) ? TimeSpan.Zero : reader.GetFieldValue<TimeSpan>(1), reader.GetInt64(2));
    }

    private async Task<List<OutboxRow>> ReadAsync(NpgsqlConnection connection, string sql, Guid[] ids, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection)
        {
            Parameters = { new NpgsqlParameter<Guid[]>("ids", ids), Node(), Lease() },
        };
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await ReadRowsAsync(reader, cancellationToken);
    }

    private static async Task<List<OutboxRow>> ReadRowsAsync(NpgsqlDataReader reader, CancellationToken cancellationToken)
    {
        var rows = new List<OutboxRow>();
        while (await reader.ReadAsync(cancellationToken))
        {
            rows.Add(ReadRow(reader));
        }

        return rows;
    }

    /// <summary>Reads <see cref="OutboxSql.RowColumns"/> and the rest of the lease.</summary>
    public static OutboxRow ReadRow(NpgsqlDataReader reader) => new()
    {
        Id = reader.GetGuid(0),
        Fence = reader.GetInt64(1),
        MessageId = reader.GetString(2),
        Name = reader.GetString(3),
        Exchange = reader.GetString(4),
        RoutingKey = reader.GetString(5),
        ContentType = reader.GetString(6),
        Headers = TextOrNull(reader, 7),
        Body = reader.IsDBNull(8) ? null : reader.GetFieldValue<byte[]>(8),
        CorrelationId = TextOrNull(reader, 9),
        CausationId = TextOrNull(reader, 10),
        TraceParent = TextOrNull(reader, 11),
        ReplyTo = TextOrNull(reader, 12),
        Priority = reader.IsDBNull(13) ? null : (byte)reader.GetInt16(13),
        OrderingKey = TextOrNull(reader, 14),
        CreatedAt = reader.GetFieldValue<DateTimeOffset>(15),
        ExpiresAt = reader.IsDBNull(16) ? null : reader.GetFieldValue<DateTimeOffset>(16),
        IsExpired = !reader.IsDBNull(17) && reader.GetBoolean(17),
        Attempts = reader.GetInt32(18),
        IsOrdered = reader.GetBoolean(19),
        DueAt = reader.IsDBNull(20) ? null : reader.GetFieldValue<DateTimeOffset>(20),
        Remaining = reader.GetFieldValue<TimeSpan>(21),
    };

    /// <summary>How many columns <see cref="ReadRow"/> reads.</summary>
    public const int ColumnsOfRow = 22;

    private static string? TextOrNull(NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetString(column);

    private NpgsqlParameter<Guid> Node() => new("node", database.Node.Id);

    private NpgsqlParameter<TimeSpan> Lease() => new("lease", NpgsqlDbType.Interval) { TypedValue = _options.Lease };

    private static NpgsqlParameter<Guid[]> Ids(IReadOnlyList<OutboxRow> rows) => new("ids", [.. rows.Select(row => row.Id)]);

    private static NpgsqlParameter<long[]> Fences(IReadOnlyList<OutboxRow> rows) => new("fences", [.. rows.Select(row => row.Fence)]);
}

/// <summary>What one poll of the outbox found.</summary>
/// <param name="Rows">Rows taken; one with an ordering key is scheduled, and joins its key now.</param>
/// <param name="Keys">Keys taken.</param>
/// <param name="NextAvailable">The time until the next row or key is available.</param>
/// <param name="At">When it was, by the database's clock.</param>
internal sealed record Poll(List<OutboxRow> Rows, List<KeyLease> Keys, TimeSpan? NextAvailable, DateTime At);

/// <summary>A row that was not sent, and what becomes of it.</summary>
internal readonly record struct FailedRow(OutboxRow Row, Failure Failure);

/// <summary>Why a row was not sent, and what becomes of it.</summary>
/// <param name="Kind">In one or two words, for filters.</param>
/// <param name="Error">For people.</param>
/// <param name="Delay">Until its next attempt.</param>
/// <param name="IsAttempt">False for a row that was set aside because its destination is known to fail.</param>
/// <param name="GivesUp">No further attempt: it waits for an operator.</param>
internal readonly record struct Failure(string Kind, string Error, TimeSpan Delay, bool IsAttempt = true, bool GivesUp = false);

/// <summary>Where a message is published to.</summary>
internal readonly record struct Destination(string Exchange, string RoutingKey);

/// <summary>Rows that should have left, the age of the oldest, and rows that wait for an operator; counted to 10,001 each.</summary>
internal readonly record struct PendingRows(long Count, TimeSpan OldestAge, long Failed);

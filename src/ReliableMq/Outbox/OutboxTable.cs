using Npgsql;
using NpgsqlTypes;
using ReliableMq.Storage;

namespace ReliableMq.Outbox;

/// <summary>The statements of one database's outbox, run: each method is one round trip.</summary>
internal sealed class OutboxTable(ServiceDatabase database)
{
    private readonly OutboxSql _sql = database.OutboxSql;
    private readonly OutboxOptions _options = database.Options.Outbox;

    /// <summary>Heartbeat, claim and the time until the next row is available, in one round trip.</summary>
    public async Task<Poll> PollAsync(int limit, CancellationToken cancellationToken)
    {
        await using var session = await database.OpenAsync(cancellationToken);
        await using var batch = new NpgsqlBatch(session.Connection);
        batch.BatchCommands.Add(new NpgsqlBatchCommand(_sql.Heartbeat)
        {
            Parameters = { Node(), new NpgsqlParameter<string>("service", database.Options.Service ?? ""), new NpgsqlParameter<string>("host", database.Node.Host) },
        });
        batch.BatchCommands.Add(new NpgsqlBatchCommand(_sql.Claim)
        {
            Parameters = { new NpgsqlParameter<int>("limit", limit), Node(), Lease() },
        });
        batch.BatchCommands.Add(new NpgsqlBatchCommand(_sql.NextAvailable));

        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        var rows = await ReadRowsAsync(reader, cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        TimeSpan? next = await reader.ReadAsync(cancellationToken) ? reader.GetFieldValue<TimeSpan>(0) : null;
        return new Poll(rows, next);
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

    public async Task FinishAsync(IReadOnlyList<OutboxRow> rows, CancellationToken cancellationToken)
    {
        await using var session = await database.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand(_sql.Finish, session.Connection) { Parameters = { Ids(rows), Fences(rows) } };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    public async Task FailAsync(IReadOnlyList<FailedRow> failed, CancellationToken cancellationToken)
    {
        var rows = failed.Select(f => f.Row).ToArray();
        await using var session = await database.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand(_sql.Fail, session.Connection)
        {
            Parameters =
            {
                Ids(rows), Fences(rows),
                new NpgsqlParameter<string[]>("kinds", [.. failed.Select(f => f.Kind)]),
                new NpgsqlParameter<string[]>("errors", [.. failed.Select(f => SafeText.ForPostgres(f.Error))]),
                new NpgsqlParameter<TimeSpan[]>("delays", [.. failed.Select(f => f.Delay)]),
            },
        };
        await command.ExecuteNonQueryAsync(cancellationToken);
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
        await using var command = new NpgsqlCommand(_sql.ReleaseAll, session.Connection) { Parameters = { Node(), Lease() } };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    public async Task<PendingRows> CountPendingAsync(CancellationToken cancellationToken)
    {
        await using var session = await database.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand(_sql.Pending, session.Connection) { Parameters = { Lease() } };
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return new PendingRows(reader.GetInt64(0), reader.IsDBNull(1) ? TimeSpan.Zero : reader.GetFieldValue<TimeSpan>(1));
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
            rows.Add(new OutboxRow
            {
                Id = reader.GetGuid(0),
                Fence = reader.GetInt64(1),
                MessageId = reader.GetString(2),
                Name = reader.GetString(3),
                Exchange = reader.GetString(4),
                RoutingKey = reader.GetString(5),
                ContentType = reader.GetString(6),
                Headers = TextOrNull(reader, 7),
                Body = reader.GetFieldValue<byte[]>(8),
                CorrelationId = TextOrNull(reader, 9),
                CausationId = TextOrNull(reader, 10),
                TraceParent = TextOrNull(reader, 11),
                CreatedAt = reader.GetFieldValue<DateTimeOffset>(12),
                Attempts = reader.GetInt32(13),
                Remaining = reader.GetFieldValue<TimeSpan>(14),
            });
        }

        return rows;
    }

    private static string? TextOrNull(NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetString(column);

    private NpgsqlParameter<Guid> Node() => new("node", database.Node.Id);

    private NpgsqlParameter<TimeSpan> Lease() => new("lease", NpgsqlDbType.Interval) { TypedValue = _options.Lease };

    private static NpgsqlParameter<Guid[]> Ids(IReadOnlyList<OutboxRow> rows) => new("ids", [.. rows.Select(row => row.Id)]);

    private static NpgsqlParameter<long[]> Fences(IReadOnlyList<OutboxRow> rows) => new("fences", [.. rows.Select(row => row.Fence)]);
}

/// <summary>What one poll of the outbox found.</summary>
internal sealed record Poll(List<OutboxRow> Rows, TimeSpan? NextAvailable);

/// <summary>A row whose publish failed for a reason of its own.</summary>
internal readonly record struct FailedRow(OutboxRow Row, string Kind, string Error, TimeSpan Delay);

/// <summary>Rows that should have left, and the age of the oldest.</summary>
internal readonly record struct PendingRows(long Count, TimeSpan OldestAge);

using Npgsql;
using NpgsqlTypes;
using ReliableMq.Storage;

namespace ReliableMq.Outbox;

/// <summary>The statements about ordering keys, run.</summary>
internal sealed class KeyTable(ServiceDatabase database)
{
    private readonly KeySql _sql = new(database.Schema);

    /// <summary>Enters keys that have messages.</summary>
    /// <param name="keys">The keys.</param>
    /// <param name="claim">Whether to take those that are free; else they wait for whoever claims next.</param>
    /// <param name="cancellationToken">Cancels the statement.</param>
    /// <returns>Those taken.</returns>
    public async Task<List<KeyLease>> EnrollAsync(IEnumerable<string> keys, bool claim, CancellationToken cancellationToken)
    {
        var token = Guid.NewGuid();
        await using var session = await database.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand(_sql.Enroll, session.Connection)
        {
            Parameters =
            {
                new NpgsqlParameter<string[]>("keys", [.. keys]), Node(), Lease(), new NpgsqlParameter<Guid>("token", token), new NpgsqlParameter<bool>("claim", claim),
            },
        };
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var entered = await ReadLeasesAsync(reader, cancellationToken);
        return claim ? entered.FindAll(key => key.Token == token) : [];
    }

    /// <summary>
    /// The next messages of keys that this process holds, in their order. Keys without any are removed, or given
    /// back where somebody has asked for them meanwhile.
    /// </summary>
    /// <param name="keys">The keys, just taken or with their last messages finished.</param>
    /// <param name="run">How many messages of a key are read at most. They are still sent one after the other.</param>
    /// <param name="cancellationToken">Cancels the statements.</param>
    /// <returns>Also how many keys were given back.</returns>
    public async Task<(List<OutboxRow> Rows, int Waiting)> AdvanceAsync(IReadOnlyList<KeyLease> keys, int run, CancellationToken cancellationToken)
    {
        await using var session = await database.OpenAsync(cancellationToken);
        await using var batch = Locked(session.Connection, keys);
        var close = new NpgsqlBatchCommand(_sql.Close) { Parameters = { Keys(keys), Tokens(keys) } };
        batch.BatchCommands.Add(close);
        batch.BatchCommands.Add(new NpgsqlBatchCommand(_sql.Renew) { Parameters = { Keys(keys), Tokens(keys), Node(), Lease() } });
        await batch.ExecuteNonQueryAsync(cancellationToken);

        // Apart from the batch, whose locks must not last while bodies are being read.
        await using var read = new NpgsqlCommand(_sql.Read, session.Connection)
        {
            Parameters = { Keys(keys), Tokens(keys), Node(), new NpgsqlParameter<int>("run", run) },
        };
        await using var reader = await read.ExecuteReaderAsync(cancellationToken);
        var rows = new List<OutboxRow>();
        while (await reader.ReadAsync(cancellationToken))
        {
            var row = OutboxTable.ReadRow(reader);
            rows.Add(row with { Key = new KeyLease(row.OrderingKey!, reader.GetGuid(OutboxTable.ColumnsOfRow)) });
        }

        return (rows, keys.Count - (int)close.RecordsAffected - rows.DistinctBy(row => row.OrderingKey).Count());
    }

    /// <returns>The ids of the rows whose key was still this process's.</returns>
    public async Task<HashSet<Guid>> FinishAsync(IReadOnlyList<OutboxRow> rows, string outcome, CancellationToken cancellationToken)
    {
        await using var session = await database.OpenAsync(cancellationToken);
        var keys = KeysOf(rows);
        await using var command = new NpgsqlCommand(_sql.Finish, session.Connection)
        {
            Parameters = { Ids(rows), Keys(keys), Tokens(keys), new NpgsqlParameter<string>("outcome", outcome) },
        };
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var finished = new HashSet<Guid>();
        while (await reader.ReadAsync(cancellationToken))
        {
            finished.Add(reader.GetGuid(0));
        }

        return finished;
    }

    public async Task FailAsync(IReadOnlyList<FailedRow> failed, CancellationToken cancellationToken)
    {
        var rows = failed.Select(f => f.Row).ToArray();
        var keys = KeysOf(rows);
        await using var session = await database.OpenAsync(cancellationToken);
        var command = new NpgsqlBatchCommand(_sql.Fail) { Parameters = { Ids(rows), Keys(keys), Tokens(keys) } };
        await using var batch = Locked(session.Connection, keys);
        await OutboxTable.FailAsync(batch, database.Alerts, command, failed, cancellationToken);
    }

    public async Task ReleaseAsync(IReadOnlyList<OutboxRow> rows, TimeSpan delay, CancellationToken cancellationToken)
    {
        var keys = KeysOf(rows);
        await using var session = await database.OpenAsync(cancellationToken);
        await using var batch = Locked(session.Connection, keys);
        batch.BatchCommands.Add(new NpgsqlBatchCommand(_sql.Release) { Parameters = { Keys(keys), Tokens(keys), new NpgsqlParameter<TimeSpan>("delay", delay) } });
        await batch.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Rows that were claimed by themselves: from now on their key, which is entered, is what finds them.</summary>
    public async Task ParkAsync(IReadOnlyList<OutboxRow> rows, CancellationToken cancellationToken)
    {
        await using var session = await database.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand(_sql.Park, session.Connection)
        {
            Parameters = { Ids(rows), new NpgsqlParameter<long[]>("fences", [.. rows.Select(row => row.Fence)]) },
        };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>
    /// Scheduled messages whose time has come take their places, in the order of their times. One round trip, so
    /// that no transaction on their keys waits for more.
    /// </summary>
    /// <returns>Those that did not, because a transaction on their key is open or another was due before.</returns>
    public async Task<List<OutboxRow>> JoinAsync(IEnumerable<OutboxRow> rows, CancellationToken cancellationToken)
    {
        var due = rows.OrderBy(row => row.DueAt).ThenBy(row => row.Id).ToList();
        await using var session = await database.OpenAsync(cancellationToken);
        await using var batch = new NpgsqlBatch(session.Connection);
        batch.BatchCommands.Add(new NpgsqlBatchCommand(_sql.Quieten)
        {
            Parameters = { new NpgsqlParameter<string[]>("keys", [.. due.Select(row => row.OrderingKey!).Distinct(StringComparer.Ordinal)]) },
        });
        foreach (var row in due)
        {
            batch.BatchCommands.Add(new NpgsqlBatchCommand(_sql.Join)
            {
                Parameters = { new NpgsqlParameter<Guid>("id", row.Id), new NpgsqlParameter<long>("fence", row.Fence) },
            });
        }

        await batch.ExecuteNonQueryAsync(cancellationToken);
        return [.. due.Where((_, index) => batch.BatchCommands[index + 1].RecordsAffected == 0)];
    }

    /// <summary>A batch that begins with the lock of its keys. A single one needs none.</summary>
    private NpgsqlBatch Locked(NpgsqlConnection connection, IReadOnlyList<KeyLease> keys)
    {
        var batch = new NpgsqlBatch(connection);
        if (keys.Count > 1)
        {
            batch.BatchCommands.Add(new NpgsqlBatchCommand(_sql.Lock) { Parameters = { Keys(keys) } });
        }

        return batch;
    }

    public static async Task<List<KeyLease>> ReadLeasesAsync(NpgsqlDataReader reader, CancellationToken cancellationToken)
    {
        var keys = new List<KeyLease>();
        while (await reader.ReadAsync(cancellationToken))
        {
            keys.Add(new KeyLease(reader.GetString(0), reader.GetGuid(1)));
        }

        return keys;
    }

    private static KeyLease[] KeysOf(IReadOnlyList<OutboxRow> rows) => [.. rows.Select(row => row.Key!.Value)];

    private NpgsqlParameter<Guid> Node() => new("node", database.Node.Id);

    private NpgsqlParameter<TimeSpan> Lease() => new("lease", NpgsqlDbType.Interval) { TypedValue = database.Options.Outbox.Lease };

    private static NpgsqlParameter<Guid[]> Ids(IReadOnlyList<OutboxRow> rows) => new("ids", [.. rows.Select(row => row.Id)]);

    private static NpgsqlParameter<string[]> Keys(IReadOnlyList<KeyLease> keys) => new("keys", [.. keys.Select(key => key.OrderingKey)]);

    private static NpgsqlParameter<Guid[]> Tokens(IReadOnlyList<KeyLease> keys) => new("tokens", [.. keys.Select(key => key.Token)]);
}

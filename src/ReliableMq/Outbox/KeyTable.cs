using System.Data;
using Npgsql;
using NpgsqlTypes;
using ReliableMq.Storage;

namespace ReliableMq.Outbox;

/// <summary>The statements about ordering keys, run.</summary>
internal sealed class KeyTable(ServiceDatabase database)
{
    /// <summary>How many messages of a key are read at once. They are still sent one after the other.</summary>
    public const int Run = 50;

    private readonly KeySql _sql = new(database.Schema);

    /// <summary>Takes keys whose messages were handed over, as far as they are free or this process's.</summary>
    public async Task<List<KeyLease>> ClaimAsync(string[] keys, CancellationToken cancellationToken)
    {
        await using var session = await database.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand(_sql.ClaimNamed, session.Connection)
        {
            Parameters = { new NpgsqlParameter<string[]>("keys", keys), Node(), Lease() },
        };
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await ReadLeasesAsync(reader, cancellationToken);
    }

    /// <summary>The next messages of keys just taken, in their order. Keys without any are not among them.</summary>
    public async Task<List<OutboxRow>> ReadAsync(IReadOnlyList<KeyLease> keys, CancellationToken cancellationToken)
    {
        await using var session = await database.OpenAsync(cancellationToken);
        await using var batch = new NpgsqlBatch(session.Connection);
        return await RenewAndReadAsync(batch, keys, cancellationToken);
    }

    /// <summary>
    /// The next messages of keys whose last ones are finished. Keys without any are removed, or, while a
    /// transaction on them is open, given back for a second.
    /// </summary>
    /// <returns>Also how many keys were given back.</returns>
    public async Task<(List<OutboxRow> Rows, int Waiting)> AdvanceAsync(IReadOnlyList<KeyLease> keys, CancellationToken cancellationToken)
    {
        await using var session = await database.OpenAsync(cancellationToken);
        // Each statement needs a snapshot of its own, whatever the database's default says.
        await using var transaction = await session.Connection.BeginTransactionAsync(IsolationLevel.ReadCommitted, cancellationToken);
        var quiet = await QuietenAsync(session.Connection, [.. keys.Select(key => key.OrderingKey)], cancellationToken);
        await using var batch = new NpgsqlBatch(session.Connection, transaction);
        var close = new NpgsqlBatchCommand(_sql.Close) { Parameters = { Keys(keys), Tokens(keys), new NpgsqlParameter<string[]>("quiet", quiet) } };
        batch.BatchCommands.Add(close);
        var rows = await RenewAndReadAsync(batch, keys, cancellationToken);
        await transaction.CommitAsync(CancellationToken.None);
        return (rows, keys.Count - (int)close.RecordsAffected - rows.DistinctBy(row => row.OrderingKey).Count());
    }

    private async Task<List<OutboxRow>> RenewAndReadAsync(NpgsqlBatch batch, IReadOnlyList<KeyLease> keys, CancellationToken cancellationToken)
    {
        batch.BatchCommands.Add(new NpgsqlBatchCommand(_sql.Renew) { Parameters = { Keys(keys), Tokens(keys), Node(), Lease() } });
        batch.BatchCommands.Add(new NpgsqlBatchCommand(_sql.Read) { Parameters = { Keys(keys), Tokens(keys), Node(), new NpgsqlParameter<int>("run", Run) } });
        var rows = new List<OutboxRow>();
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            var row = OutboxTable.ReadRow(reader);
            rows.Add(row with { Key = new KeyLease(row.OrderingKey!, reader.GetGuid(20)) });
        }

        return rows;
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
        await OutboxTable.FailAsync(session.Connection, database.Alerts, command, failed, cancellationToken);
    }

    public async Task ReleaseAsync(IReadOnlyList<OutboxRow> rows, TimeSpan delay, CancellationToken cancellationToken)
    {
        var keys = KeysOf(rows);
        await using var session = await database.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand(_sql.Release, session.Connection)
        {
            Parameters = { Keys(keys), Tokens(keys), new NpgsqlParameter<TimeSpan>("delay", delay) },
        };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Scheduled messages whose time has come join their keys, in the order of their times.</summary>
    /// <returns>Those that did not, because a transaction on their key is open.</returns>
    public async Task<List<OutboxRow>> JoinAsync(IReadOnlyList<OutboxRow> rows, CancellationToken cancellationToken)
    {
        await using var session = await database.OpenAsync(cancellationToken);
        await using var transaction = await session.Connection.BeginTransactionAsync(IsolationLevel.ReadCommitted, cancellationToken);
        var quiet = (await QuietenAsync(session.Connection, [.. rows.Select(row => row.OrderingKey!).Distinct()], cancellationToken)).ToHashSet(StringComparer.Ordinal);
        await using var batch = new NpgsqlBatch(session.Connection, transaction);
        foreach (var row in rows.Where(row => quiet.Contains(row.OrderingKey!)))
        {
            batch.BatchCommands.Add(new NpgsqlBatchCommand(_sql.Join)
            {
                Parameters = { new NpgsqlParameter<Guid>("id", row.Id), new NpgsqlParameter<long>("fence", row.Fence), Node(), Lease() },
            });
        }

        if (batch.BatchCommands.Count > 0)
        {
            await batch.ExecuteNonQueryAsync(cancellationToken);
            await transaction.CommitAsync(CancellationToken.None);
        }

        return [.. rows.Where(row => !quiet.Contains(row.OrderingKey!))];
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

    private async Task<string[]> QuietenAsync(NpgsqlConnection connection, string[] keys, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(_sql.Quieten, connection) { Parameters = { new NpgsqlParameter<string[]>("keys", keys) } };
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var quiet = new List<string>();
        while (await reader.ReadAsync(cancellationToken))
        {
            quiet.Add(reader.GetString(0));
        }

        return [.. quiet];
    }

    private static KeyLease[] KeysOf(IReadOnlyList<OutboxRow> rows) => [.. rows.Select(row => row.Key!.Value)];

    private NpgsqlParameter<Guid> Node() => new("node", database.Node.Id);

    private NpgsqlParameter<TimeSpan> Lease() => new("lease", NpgsqlDbType.Interval) { TypedValue = database.Options.Outbox.Lease };

    private static NpgsqlParameter<Guid[]> Ids(IReadOnlyList<OutboxRow> rows) => new("ids", [.. rows.Select(row => row.Id)]);

    private static NpgsqlParameter<string[]> Keys(IReadOnlyList<KeyLease> keys) => new("keys", [.. keys.Select(key => key.OrderingKey)]);

    private static NpgsqlParameter<Guid[]> Tokens(IReadOnlyList<KeyLease> keys) => new("tokens", [.. keys.Select(key => key.Token)]);
}

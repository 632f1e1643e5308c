using Npgsql;
using ReliableMq.Storage;

namespace ReliableMq.Receiving;

/// <summary>What operators have changed about the queues of one inbox database.</summary>
internal sealed class SettingChangeTable(ServiceDatabase database)
{
    private readonly SettingChangeSql _sql = new(database.Schema);

    /// <returns>The time, by the clock of the changes.</returns>
    public async Task<DateTimeOffset> RegisterAsync(string[] queues, CancellationToken cancellationToken)
    {
        await using var session = await database.OpenAsync(cancellationToken);
        await using var batch = new NpgsqlBatch(session.Connection)
        {
            BatchCommands =
            {
                new NpgsqlBatchCommand(_sql.Register) { Parameters = { new NpgsqlParameter<string[]>("queues", queues) } },
                new NpgsqlBatchCommand(_sql.Now),
            },
        };
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return reader.GetFieldValue<DateTimeOffset>(0);
    }

    public async Task<List<SettingChange>> ReadAsync(string[] queues, CancellationToken cancellationToken)
    {
        await using var session = await database.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand(_sql.Read, session.Connection) { Parameters = { new NpgsqlParameter<string[]>("queues", queues) } };
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var changes = new List<SettingChange>();
        while (await reader.ReadAsync(cancellationToken))
        {
            changes.Add(new SettingChange(
                reader.GetString(0), Enum.Parse<ChangedSetting>(reader.GetString(1), ignoreCase: true), reader.IsDBNull(2) ? null : reader.GetInt32(2),
                reader.GetBoolean(3), reader.GetFieldValue<DateTimeOffset>(4)));
        }

        return changes;
    }

    /// <param name="queue">The queue.</param>
    /// <param name="who">For the audit.</param>
    /// <param name="action">For the audit.</param>
    /// <param name="lasting">Null ends what was said before: the newest lasting row counts for whoever runs and whoever starts.</param>
    /// <param name="values">What to set.</param>
    /// <param name="cancellationToken">Ends the asking.</param>
    /// <returns>Whether the queue is one of this database.</returns>
    public async Task<bool> ChangeAsync(string queue, string who, string action, bool? lasting, IReadOnlyDictionary<ChangedSetting, int?> values, CancellationToken cancellationToken)
    {
        await using var session = await database.OpenAsync(cancellationToken);
        await using var transaction = await session.Connection.BeginTransactionAsync(cancellationToken);
        await using var command = new NpgsqlCommand(_sql.Change, session.Connection)
        {
            Parameters =
            {
                new NpgsqlParameter<string>("queue", queue),
                new NpgsqlParameter<bool>("lasting", lasting ?? true),
                new NpgsqlParameter<string[]>("settings", [.. values.Keys.Select(Name)]),
                new NpgsqlParameter<int?[]>("values", [.. values.Values]),
            },
        };
        if (await command.ExecuteNonQueryAsync(cancellationToken) == 0)
        {
            return false;
        }

        var details = values.Where(value => value.Key != ChangedSetting.Paused && value.Value is not null).Select(value => $"{Name(value.Key)} {value.Value}").Concat(lasting is { } given ? [given ? "lasting" : "for those that run"] : []);
        await new AuditTrail(database.Schema).WriteAsync(session.Connection, who, action, queue, string.Join(", ", details) is { Length: > 0 } text ? text : null, cancellationToken);
        await transaction.CommitAsync(CancellationToken.None);
        return true;
    }

    private static string Name(ChangedSetting setting) => setting.ToString().ToLowerInvariant();
}

using System.Data;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization;
using Npgsql;
using ReliableMq.Broker;
using ReliableMq.Hosting;
using ReliableMq.Outbox;
using ReliableMq.Receiving;
using ReliableMq.Storage;

namespace ReliableMq.Dispatching;

/// <summary>Lists, hurries and cancels what waits in the outboxes of this host, a batch at a time.</summary>
internal sealed class PendingMessages(ServiceDatabases databases, DispatcherHost? dispatchers) : IPendingMessages
{
    private const int BatchSize = 500;

    public async IAsyncEnumerable<PendingMessage> ListAsync(PendingMessageFilter? filter = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        foreach (var database in databases.Ready)
        {
            var sql = new PendingSql(database.Schema, filter ?? new());
            var after = Guid.Empty;
            List<PendingMessage> page;
            do
            {
                (page, after) = await ReadPageAsync(database, sql, after, cancellationToken);
                foreach (var message in page)
                {
                    yield return message;
                }
            }
            while (page.Count == BatchSize);
        }
    }

    public async Task<int> SendNowAsync(PendingMessageFilter filter, string who, string? reason = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(filter);
        ArgumentException.ThrowIfNullOrWhiteSpace(who);
        // Whoever asks for it has a reason to believe that it works now.
        foreach (var dispatcher in dispatchers?.Dispatchers ?? [])
        {
            dispatcher.ForgetPauses();
        }

        return await ActAsync(filter, "send-now", who, reason, sql => sql.SendNow, cancellationToken);
    }

    public async Task<int> CancelAsync(PendingMessageFilter filter, string who, string? reason = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(filter);
        ArgumentException.ThrowIfNullOrWhiteSpace(who);
        return await ActAsync(filter, "cancel", who, reason, sql => sql.Cancel, cancellationToken);
    }

    private async Task<int> ActAsync(PendingMessageFilter filter, string action, string who, string? reason, Func<PendingSql, string> act, CancellationToken cancellationToken)
    {
        var count = 0;
        var target = JsonSerializer.Serialize(filter, PendingJson.Default.PendingMessageFilter);
        foreach (var database in databases.Ready)
        {
            var sql = new PendingSql(database.Schema, filter);
            var after = Guid.Empty;
            while (await ReadCandidatesAsync(database, sql, after, cancellationToken) is { Ids.Length: > 0 } candidates)
            {
                count += await ActAsync(database, sql, act(sql), candidates, (connection, acted) =>
                    new AuditTrail(database.Schema).WriteAsync(connection, who, action, target, string.IsNullOrWhiteSpace(reason) ? $"{acted}" : $"{acted}: {reason}", cancellationToken), cancellationToken);
                after = candidates.Ids[^1];
            }

            database.WakeForScheduled();
        }

        return count;
    }

    private static async Task<(Guid[] Ids, string[] Keys)> ReadCandidatesAsync(ServiceDatabase database, PendingSql sql, Guid after, CancellationToken cancellationToken)
    {
        await using var session = await database.OpenAsync(cancellationToken);
        await using var command = sql.Command(sql.Candidates, session.Connection);
        command.Parameters.Add(new NpgsqlParameter<Guid>("after", after));
        command.Parameters.Add(new NpgsqlParameter<int>("limit", BatchSize));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var ids = new List<Guid>();
        var keys = new HashSet<string>(StringComparer.Ordinal);
        while (await reader.ReadAsync(cancellationToken))
        {
            ids.Add(reader.GetGuid(0));
            if (!reader.IsDBNull(1))
            {
                keys.Add(reader.GetString(1));
            }
        }

        return ([.. ids], [.. keys]);
    }

    private static async Task<int> ActAsync(ServiceDatabase database, PendingSql sql, string act, (Guid[] Ids, string[] Keys) candidates, Func<NpgsqlConnection, int, Task> audit, CancellationToken cancellationToken)
    {
        await using var session = await database.OpenAsync(cancellationToken);
        await using var transaction = await session.Connection.BeginTransactionAsync(IsolationLevel.ReadCommitted, cancellationToken);
        await using var bound = new NpgsqlCommand(PendingSql.BoundIdle, session.Connection);
        await bound.ExecuteNonQueryAsync(cancellationToken);
        await using var enterKeys = new NpgsqlCommand(sql.EnterKeys, session.Connection) { Parameters = { new NpgsqlParameter<string[]>("keys", candidates.Keys) } };
        await enterKeys.ExecuteNonQueryAsync(cancellationToken);
        await using var lockKeys = new NpgsqlCommand(sql.LockKeys, session.Connection) { Parameters = { new NpgsqlParameter<string[]>("keys", candidates.Keys) } };
        var keys = await ReadKeysAsync(lockKeys, cancellationToken);

        await using var lockRows = sql.Command(sql.LockRows, session.Connection);
        lockRows.Parameters.Add(new NpgsqlParameter<Guid[]>("ids", candidates.Ids));
        lockRows.Parameters.Add(new NpgsqlParameter<string[]>("keys", keys));
        var (ids, epochs) = await ReadRowsAsync(lockRows, cancellationToken);
        await using var command = new NpgsqlCommand(act, session.Connection)
        {
            Parameters = { new NpgsqlParameter<Guid[]>("ids", ids), new NpgsqlParameter<int[]>("epochs", epochs), new NpgsqlParameter<string>("outcome", "cancelled") },
        };
        await command.ExecuteNonQueryAsync(cancellationToken);
        await using var offer = new NpgsqlCommand(sql.OfferKeys, session.Connection) { Parameters = { new NpgsqlParameter<string[]>("keys", keys) } };
        await offer.ExecuteNonQueryAsync(cancellationToken);
        if (ids.Length > 0)
        {
            await audit(session.Connection, ids.Length);
        }

        await transaction.CommitAsync(CancellationToken.None);
        return ids.Length;
    }

    private static async Task<string[]> ReadKeysAsync(NpgsqlCommand command, CancellationToken cancellationToken)
    {
        var keys = new List<string>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            keys.Add(reader.GetString(0));
        }

        return [.. keys];
    }

    private static async Task<(Guid[] Ids, int[] Epochs)> ReadRowsAsync(NpgsqlCommand command, CancellationToken cancellationToken)
    {
        var (ids, epochs) = (new List<Guid>(), new List<int>());
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            ids.Add(reader.GetGuid(0));
            epochs.Add(reader.IsDBNull(1) ? 0 : EpochOf(reader.GetString(1)));
        }

        return ([.. ids], [.. epochs]);
    }

    private static int EpochOf(string headers)
    {
        try
        {
            return Delivery.EpochOf(HeaderJson.Read(headers));
        }
        catch (Exception exception) when (exception is JsonException or FormatException)
        {
            // Whatever it is, it is nobody's next attempt.
            return -1;
        }
    }

    private static async Task<(List<PendingMessage> Page, Guid After)> ReadPageAsync(ServiceDatabase database, PendingSql sql, Guid after, CancellationToken cancellationToken)
    {
        await using var session = await database.OpenAsync(cancellationToken);
        await using var command = sql.Command(sql.Page, session.Connection);
        command.Parameters.Add(new NpgsqlParameter<Guid>("after", after));
        command.Parameters.Add(new NpgsqlParameter<int>("limit", BatchSize));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var page = new List<PendingMessage>();
        while (await reader.ReadAsync(cancellationToken))
        {
            after = reader.GetGuid(0);
            page.Add(Read(reader));
        }

        return (page, after);
    }

    private static PendingMessage Read(NpgsqlDataReader reader) => new()
    {
        Row = reader.GetGuid(0),
        MessageId = reader.GetString(1),
        MessageName = reader.GetString(2),
        State = (PendingState)reader.GetInt32(3),
        Exchange = reader.GetString(4),
        RoutingKey = reader.GetString(5),
        OrderingKey = TextOrNull(reader, 6),
        CorrelationId = TextOrNull(reader, 7),
        CreatedAt = reader.GetFieldValue<DateTimeOffset>(8),
        DueAt = TimeOrNull(reader, 9),
        NextAttemptAt = TimeOrNull(reader, 10),
        Attempts = reader.GetInt32(11),
        ErrorKind = TextOrNull(reader, 12),
        Error = TextOrNull(reader, 13),
    };

    private static string? TextOrNull(NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetString(column);

    private static DateTimeOffset? TimeOrNull(NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetFieldValue<DateTimeOffset>(column);
}

/// <summary>Filters as JSON, without reflection.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, UseStringEnumConverter = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(PendingMessageFilter))]
internal sealed partial class PendingJson : JsonSerializerContext;

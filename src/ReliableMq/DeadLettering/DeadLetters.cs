using System.Runtime.CompilerServices;
using System.Text.Json;
using Npgsql;
using NpgsqlTypes;
using ReliableMq.Broker;
using ReliableMq.Storage;

namespace ReliableMq.DeadLettering;

/// <summary>The dead letters of the service's inbox databases, one after the other, a page at a time.</summary>
internal sealed class DeadLetters(ServiceDatabases databases, ReplayHost replays) : IDeadLetters
{
    private const int PageSize = 200;
    private const int MostPerSecond = 10_000;

    public async IAsyncEnumerable<DeadLetter> ListAsync(DeadLetterFilter? filter = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        foreach (var database in Inboxes())
        {
            await foreach (var deadLetter in ListAsync(database, filter ?? new(), cancellationToken))
            {
                yield return deadLetter;
            }
        }
    }

    public async Task ReplayAsync(DeadLetterId deadLetter, string who, ReplayOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(deadLetter);
        ArgumentException.ThrowIfNullOrWhiteSpace(who);
        options ??= new();
        foreach (var header in options.Headers.Keys.Where(header => header.StartsWith(MessageHeaders.Prefix, StringComparison.OrdinalIgnoreCase)))
        {
            throw new ReliableMqException($"The header \"{header}\" cannot be changed. Names that begin with \"{MessageHeaders.Prefix}\" are ReliableMq's own.");
        }

        foreach (var database in Inboxes())
        {
            if (await TryReplayAsync(database, deadLetter, who, options, cancellationToken))
            {
                return;
            }
        }

        throw new ReliableMqException($"There is no dead letter \"{deadLetter.MessageId}\" of the queue \"{deadLetter.Queue}\" with the epoch {deadLetter.Epoch}. Look at the list.");
    }

    public async Task<IReadOnlyList<Replay>> ReplayAsync(DeadLetterFilter filter, string who, ReplayManyOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(filter);
        ArgumentException.ThrowIfNullOrWhiteSpace(who);
        options ??= new();
        if (options.PerSecond is < 1 or > MostPerSecond)
        {
            throw new ReliableMqException($"PerSecond is {options.PerSecond}. Use 1 to {MostPerSecond}.");
        }

        if (filter.State == DeadLetterState.Replayed)
        {
            throw new ReliableMqException("State is Replayed, but what was replayed cannot be replayed again. Choose those that wait or were discarded; one that died again is among them.");
        }

        var begun = new List<Replay>();
        foreach (var database in Inboxes())
        {
            begun.Add(await BeginAsync(database, filter, who, options, cancellationToken));
        }

        replays.Wake();
        return begun;
    }

    public async Task<IReadOnlyList<Replay>> ListReplaysAsync(CancellationToken cancellationToken = default)
    {
        var all = new List<Replay>();
        foreach (var database in Inboxes())
        {
            await using var session = await database.OpenAsync(cancellationToken);
            await using var command = new NpgsqlCommand(new ReplaySql(database.Schema).List, session.Connection);
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
            {
                all.Add(new Replay
                {
                    Id = new ReplayId(database.Name, reader.GetInt64(0)),
                    Who = reader.GetString(1),
                    RequestedAt = reader.GetFieldValue<DateTimeOffset>(2),
                    Replayed = reader.GetInt64(3),
                    Refused = reader.GetInt64(4),
                    Refusal = reader.IsDBNull(5) ? null : reader.GetString(5),
                    FinishedAt = reader.IsDBNull(6) ? null : reader.GetFieldValue<DateTimeOffset>(6),
                    IsCancelled = reader.GetBoolean(7),
                });
            }
        }

        return all;
    }

    public async Task CancelReplayAsync(ReplayId replay, string who, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(replay);
        ArgumentException.ThrowIfNullOrWhiteSpace(who);
        var database = Inboxes().FirstOrDefault(inbox => inbox.Name == replay.Inbox);
        if (database is not null)
        {
            await using var session = await database.OpenAsync(cancellationToken);
            await using var transaction = await session.Connection.BeginTransactionAsync(cancellationToken);
            await using var cancel = new NpgsqlCommand(new ReplaySql(database.Schema).Cancel, session.Connection) { Parameters = { new NpgsqlParameter<long>("id", replay.Number) } };
            if (await cancel.ExecuteNonQueryAsync(cancellationToken) == 1)
            {
                await new Replayer(database).AuditAsync(session.Connection, who, "cancel-replay", $"replay {replay.Number}", null, cancellationToken);
                await transaction.CommitAsync(CancellationToken.None);
                return;
            }
        }

        throw new ReliableMqException($"There is no replay {replay.Number} of \"{replay.Inbox}\". Look at the list.");
    }

    public async Task<long> DiscardAsync(DeadLetterFilter filter, string reason, string who, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(filter);
        ArgumentException.ThrowIfNullOrWhiteSpace(reason);
        ArgumentException.ThrowIfNullOrWhiteSpace(who);
        if (filter.State != DeadLetterState.Waiting)
        {
            throw new ReliableMqException($"State is {filter.State}, but only what waits can be discarded. Leave it out.");
        }

        var all = 0L;
        foreach (var database in Inboxes())
        {
            int count;
            do
            {
                count = await DiscardBatchAsync(database, filter, reason, who, cancellationToken);
                all += count;
            }
            while (count == PageSize);
        }

        return all;
    }

    public async Task<long> ExportAsync(DeadLetterFilter? filter, Stream destination, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(destination);
        var count = 0L;
        await foreach (var deadLetter in ListAsync(filter, cancellationToken))
        {
            await JsonSerializer.SerializeAsync(destination, deadLetter, DeadLetterJson.Default.DeadLetter, cancellationToken);
            await destination.WriteAsync("\n"u8.ToArray(), cancellationToken);
            count++;
        }

        return count;
    }

    /// <summary>Inboxes over the same tables have the same dead letters.</summary>
    private IEnumerable<ServiceDatabase> Inboxes() => databases.Inboxes.Count > 0
        ? databases.Inboxes.DistinctBy(inbox => inbox.Sender)
        : throw new ReliableMqException("This service has no inbox, so it has no dead letters. Call AddReliableMq(…).AddInbox<TContext>().");

    private static async Task<bool> TryReplayAsync(ServiceDatabase database, DeadLetterId id, string who, ReplayOptions options, CancellationToken cancellationToken)
    {
        await using var session = await database.OpenAsync(cancellationToken);
        await using var transaction = await session.Connection.BeginTransactionAsync(cancellationToken);
        if (await ReadRowAsync(session.Connection, new ReplaySql(database.Schema), id, cancellationToken) is not { } row)
        {
            return false;
        }

        var replayer = new Replayer(database);
        var outcome = await replayer.ReplayAsync(session.Connection, [row], options, cancellationToken);
        if (outcome.Refusal is { } refusal)
        {
            throw new ReliableMqException(refusal);
        }

        await replayer.AuditAsync(session.Connection, who, "replay", $"{id.Queue} {id.MessageId} epoch {id.Epoch}", Edits(options), cancellationToken);
        await transaction.CommitAsync(CancellationToken.None);
        database.HandOver(outcome.Copies);
        return true;
    }

    private static string? Edits(ReplayOptions options)
    {
        var edits = options.Headers.Select(header => header.Value is null ? $"header {header.Key} removed" : $"header {header.Key} set")
            .Concat(options.Body is null ? [] : ["body changed"])
            .Concat(options.BeyondHorizon ? ["beyond the horizon"] : []);
        return string.Join(", ", edits) is { Length: > 0 } text ? text : null;
    }

    private static async Task<ReplayRow?> ReadRowAsync(NpgsqlConnection connection, ReplaySql sql, DeadLetterId id, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql.Row, connection)
        {
            Parameters = { new NpgsqlParameter<string>("queue", id.Queue), new NpgsqlParameter<string>("message_id", id.MessageId), new NpgsqlParameter<int>("epoch", id.Epoch) },
        };
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken))
        {
            return null;
        }

        return reader.IsDBNull(11)
            ? ReplayRow.Read(reader)
            : throw new ReliableMqException($"The dead letter \"{id.MessageId}\" of \"{id.Queue}\" was replayed at {reader.GetFieldValue<DateTimeOffset>(11):u}. If it died again, it is in the list once more, with a higher epoch.");
    }

    private static async Task<Replay> BeginAsync(ServiceDatabase database, DeadLetterFilter filter, string who, ReplayManyOptions options, CancellationToken cancellationToken)
    {
        var text = JsonSerializer.Serialize(filter, DeadLetterJson.Default.DeadLetterFilter);
        await using var session = await database.OpenAsync(cancellationToken);
        await using var transaction = await session.Connection.BeginTransactionAsync(cancellationToken);
        long number;
        DateTimeOffset requestedAt;
        await using (var begin = new NpgsqlCommand(new ReplaySql(database.Schema).Begin, session.Connection)
        {
            Parameters =
            {
                new NpgsqlParameter("filter", NpgsqlDbType.Jsonb) { Value = text },
                new NpgsqlParameter<int>("per_second", options.PerSecond),
                new NpgsqlParameter<bool>("beyond_horizon", options.BeyondHorizon),
                StoredDeadLetter.Text("who", who),
            },
        })
        await using (var reader = await begin.ExecuteReaderAsync(cancellationToken))
        {
            await reader.ReadAsync(cancellationToken);
            (number, requestedAt) = (reader.GetInt64(0), reader.GetFieldValue<DateTimeOffset>(1));
        }

        await new Replayer(database).AuditAsync(session.Connection, who, "replay-many", $"replay {number}", text, cancellationToken);
        await transaction.CommitAsync(CancellationToken.None);
        return new Replay { Id = new ReplayId(database.Name, number), Who = who, RequestedAt = requestedAt, Replayed = 0, Refused = 0, IsCancelled = false };
    }

    private static async Task<int> DiscardBatchAsync(ServiceDatabase database, DeadLetterFilter filter, string reason, string who, CancellationToken cancellationToken)
    {
        await using var session = await database.OpenAsync(cancellationToken);
        await using var transaction = await session.Connection.BeginTransactionAsync(cancellationToken);
        await using var discard = new NpgsqlCommand("", session.Connection);
        discard.CommandText = new ReplaySql(database.Schema).Discard(DeadLetterFilterSql.Add(discard.Parameters, filter));
        discard.Parameters.Add(StoredDeadLetter.Text("reason", reason));
        discard.Parameters.Add(new NpgsqlParameter<int>("limit", PageSize));
        var count = await discard.ExecuteNonQueryAsync(cancellationToken);
        if (count > 0)
        {
            await new Replayer(database).AuditAsync(session.Connection, who, "discard", JsonSerializer.Serialize(filter, DeadLetterJson.Default.DeadLetterFilter), $"{count}: {reason}", cancellationToken);
        }

        await transaction.CommitAsync(CancellationToken.None);
        return count;
    }

    private static async IAsyncEnumerable<DeadLetter> ListAsync(ServiceDatabase database, DeadLetterFilter filter, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var after = DeadLetterPosition.Start;
        while (true)
        {
            var page = new List<DeadLetter>(PageSize);
            await using (var session = await database.OpenAsync(cancellationToken))
            {
                await using var command = new NpgsqlCommand("", session.Connection);
                command.CommandText = new ReplaySql(database.Schema).Page(DeadLetterFilterSql.Add(command.Parameters, filter));
                after.AddTo(command.Parameters);
                command.Parameters.Add(new NpgsqlParameter<int>("limit", PageSize));
                await using var reader = await command.ExecuteReaderAsync(cancellationToken);
                while (await reader.ReadAsync(cancellationToken))
                {
                    page.Add(Read(reader));
                    after = new(reader.GetDateTime(8), reader.GetString(0), reader.GetString(1), reader.GetInt32(2));
                }
            }

            foreach (var deadLetter in page)
            {
                yield return deadLetter;
            }

            if (page.Count < PageSize)
            {
                yield break;
            }
        }
    }

    private static DeadLetter Read(NpgsqlDataReader reader) => new()
    {
        Queue = reader.GetString(0),
        MessageId = reader.GetString(1),
        Epoch = reader.GetInt32(2),
        MessageName = reader.GetString(3),
        Reason = reader.GetString(4),
        ExceptionType = reader.IsDBNull(5) ? null : reader.GetString(5),
        Exception = reader.IsDBNull(6) ? null : reader.GetString(6),
        Attempts = reader.GetInt32(7),
        DeadAt = reader.GetFieldValue<DateTimeOffset>(8),
        Body = reader.GetFieldValue<byte[]>(9),
        Headers = reader.IsDBNull(10) ? new Dictionary<string, string>() : HeaderJson.ReadAsText(reader.GetString(10)),
        CorrelationId = reader.IsDBNull(11) ? null : reader.GetString(11),
        DiscardedAt = reader.IsDBNull(12) ? null : reader.GetFieldValue<DateTimeOffset>(12),
        ReplayedAt = reader.IsDBNull(13) ? null : reader.GetFieldValue<DateTimeOffset>(13),
        ContentType = reader.IsDBNull(14) ? null : reader.GetString(14),
    };
}

using System.Text.Json;
using Npgsql;
using NpgsqlTypes;
using ReliableMq.Broker;
using ReliableMq.Storage;

namespace ReliableMq.DeadLettering;

/// <summary>What operators do with the dead letters of one database. Each change stands with who made it in one transaction.</summary>
internal sealed class DeadLetterTable(ServiceDatabase database)
{
    private readonly ReplaySql _sql = new(database.Schema);
    private readonly Replayer _replayer = new(database);
    private readonly AuditTrail _audit = new(database.Schema);

    /// <returns>A page, and where the next begins; null after the last.</returns>
    public async Task<(List<DeadLetter> Page, DeadLetterPosition? Next)> ReadPageAsync(DeadLetterFilter filter, DeadLetterPosition after, int limit, CancellationToken cancellationToken)
    {
        var page = new List<DeadLetter>();
        await using var session = await database.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand("", session.Connection);
        command.CommandText = _sql.Page(DeadLetterFilterSql.Add(command.Parameters, filter));
        after.AddTo(command.Parameters);
        command.Parameters.Add(new NpgsqlParameter<int>("limit", limit));
        command.Parameters.Add(new NpgsqlParameter<long>("most_bytes", ReplaySql.MostBytes));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var found = 0L;
        while (await reader.ReadAsync(cancellationToken))
        {
            page.Add(Read(reader));
            found = reader.GetInt64(15);
            after = new(reader.GetDateTime(8), reader.GetString(0), reader.GetString(1), reader.GetInt32(2));
        }

        return (page, page.Count == found && found < limit ? null : after);
    }

    /// <returns>How many wait for an operator, counted to 10,001.</returns>
    public async Task<long> CountWaitingAsync(CancellationToken cancellationToken)
    {
        await using var session = await database.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand(_sql.CountWaiting, session.Connection);
        return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    /// <returns>False where there is none with this id.</returns>
    /// <exception cref="ReliableMqException">It may not be replayed.</exception>
    public async Task<bool> TryReplayAsync(DeadLetterId id, string who, ReplayOptions options, CancellationToken cancellationToken)
    {
        await using var session = await database.OpenAsync(cancellationToken);
        await using var transaction = await session.Connection.BeginTransactionAsync(cancellationToken);
        if (await ReadRowAsync(session.Connection, id, cancellationToken) is not { } row)
        {
            return false;
        }

        row.ThrowIfTooLarge(options, database.Options.Broker.MaxMessageBytes);
        var outcome = await _replayer.ReplayAsync(session.Connection, [row], options, cancellationToken);
        if (outcome.Refusal is { } refusal)
        {
            throw new ReliableMqException(refusal);
        }

        await _audit.WriteAsync(session.Connection, who, "replay", $"{id.Queue} {id.MessageId} epoch {id.Epoch}", Edits(options), cancellationToken);
        await transaction.CommitAsync(CancellationToken.None);
        database.HandOver(outcome.Copies);
        return true;
    }

    public async Task<Replay> BeginReplayAsync(DeadLetterFilter filter, string who, ReplayManyOptions options, CancellationToken cancellationToken)
    {
        var text = JsonSerializer.Serialize(filter, DeadLetterJson.Default.DeadLetterFilter);
        await using var session = await database.OpenAsync(cancellationToken);
        await using var transaction = await session.Connection.BeginTransactionAsync(cancellationToken);
        long number;
        DateTimeOffset requestedAt;
        await using (var begin = new NpgsqlCommand(_sql.Begin, session.Connection)
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

        await _audit.WriteAsync(session.Connection, who, "replay-many", $"replay {number}", text, cancellationToken);
        await transaction.CommitAsync(CancellationToken.None);
        return new Replay { Id = new ReplayId(database.Name, number), Who = who, RequestedAt = requestedAt, Replayed = 0, Refused = 0, IsCancelled = false };
    }

    public async Task<List<Replay>> ListReplaysAsync(CancellationToken cancellationToken)
    {
        await using var session = await database.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand(_sql.List, session.Connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var replays = new List<Replay>();
        while (await reader.ReadAsync(cancellationToken))
        {
            replays.Add(new Replay
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

        return replays;
    }

    /// <returns>False where there is none with this number.</returns>
    public async Task<bool> TryCancelReplayAsync(long number, string who, string? reason, CancellationToken cancellationToken)
    {
        await using var session = await database.OpenAsync(cancellationToken);
        await using var transaction = await session.Connection.BeginTransactionAsync(cancellationToken);
        await using var cancel = new NpgsqlCommand(_sql.Cancel, session.Connection) { Parameters = { new NpgsqlParameter<long>("id", number) } };
        if (await cancel.ExecuteNonQueryAsync(cancellationToken) == 0)
        {
            return false;
        }

        await _audit.WriteAsync(session.Connection, who, "cancel-replay", $"replay {number}", string.IsNullOrWhiteSpace(reason) ? null : reason, cancellationToken);
        await transaction.CommitAsync(CancellationToken.None);
        return true;
    }

    public async Task<DateTime> NowAsync(CancellationToken cancellationToken)
    {
        await using var session = await database.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand(_sql.Now, session.Connection);
        return (DateTime)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    /// <returns>How many, and where to go on; null after the last.</returns>
    public async Task<(long Count, DeadLetterPosition? Next)> DiscardBatchAsync(
        DeadLetterFilter filter, string reason, string who, DateTime requestedAt, DeadLetterPosition after, int limit, CancellationToken cancellationToken)
    {
        await using var session = await database.OpenAsync(cancellationToken);
        await using var transaction = await session.Connection.BeginTransactionAsync(cancellationToken);
        await using var discard = new NpgsqlCommand("", session.Connection);
        discard.CommandText = _sql.Discard(DeadLetterFilterSql.Add(discard.Parameters, filter));
        discard.Parameters.Add(StoredDeadLetter.Text("reason", reason));
        discard.Parameters.Add(new NpgsqlParameter<int>("limit", limit));
        discard.Parameters.Add(new NpgsqlParameter("requested_at", NpgsqlDbType.TimestampTz) { Value = requestedAt });
        after.AddTo(discard.Parameters);
        var count = 0L;
        await using (var reader = await discard.ExecuteReaderAsync(cancellationToken))
        {
            if (await reader.ReadAsync(cancellationToken))
            {
                count = reader.GetInt64(0);
                after = new(reader.GetDateTime(1), reader.GetString(2), reader.GetString(3), reader.GetInt32(4));
            }
        }

        if (count > 0)
        {
            await _audit.WriteAsync(session.Connection, who, "discard", JsonSerializer.Serialize(filter, DeadLetterJson.Default.DeadLetterFilter), $"{count}: {reason}", cancellationToken);
        }

        await transaction.CommitAsync(CancellationToken.None);
        return (count, count < limit ? null : after);
    }

    private async Task<ReplayRow?> ReadRowAsync(NpgsqlConnection connection, DeadLetterId id, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(_sql.Row, connection)
        {
            Parameters = { new NpgsqlParameter<string>("queue", id.Queue), new NpgsqlParameter<string>("message_id", id.MessageId), new NpgsqlParameter<int>("epoch", id.Epoch) },
        };
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken))
        {
            return null;
        }

        return reader.IsDBNull(14)
            ? ReplayRow.Read(reader)
            : throw new ReliableMqException($"The dead letter \"{id.MessageId}\" of \"{id.Queue}\" was replayed at {reader.GetFieldValue<DateTimeOffset>(14):u}. If it died again, it is in the list once more, with a higher epoch.");
    }

    private static string? Edits(ReplayOptions options)
    {
        var edits = options.Headers.Select(header => header.Value is null ? $"header {header.Key} removed" : $"header {header.Key} set")
            .Concat(options.Body is null ? [] : ["body changed"])
            .Concat(options.BeyondHorizon ? ["beyond the horizon"] : []);
        return string.Join(", ", edits) is { Length: > 0 } text ? text : null;
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

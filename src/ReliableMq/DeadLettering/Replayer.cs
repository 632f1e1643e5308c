using Npgsql;
using NpgsqlTypes;
using ReliableMq.Outbox;
using ReliableMq.Storage;

namespace ReliableMq.DeadLettering;

/// <summary>
/// Replays dead letters in a transaction of its caller: the next epoch of their messages is opened, copies are stored in
/// the outbox, and the dead letters are marked. A message that was handled, or that already has a later life, is refused.
/// </summary>
internal sealed class Replayer(ServiceDatabase database)
{
    private readonly ReplaySql _sql = new(database.Schema);

    public async Task<ReplayOutcome> ReplayAsync(NpgsqlConnection connection, IReadOnlyList<ReplayRow> rows, ReplayOptions options, CancellationToken cancellationToken)
    {
        // Others lock failures one by one; in one order they do not lock each other out.
        var allowed = rows.Where(row => options.BeyondHorizon || !row.IsBeyondHorizon);
        var sorted = allowed.OrderBy(row => row.Id.Queue, StringComparer.Ordinal).ThenBy(row => row.Id.MessageId, StringComparer.Ordinal).DistinctBy(row => (row.Id.Queue, row.Id.MessageId)).ToList();
        var admitted = await AdmitAsync(connection, sorted, isEdited: options.Body is not null, cancellationToken);
        var sent = sorted.FindAll(row => admitted.Contains((row.Id.Queue, row.Id.MessageId)));
        var copies = sent.ConvertAll(row => row.Copy(options));
        if (sent.Count > 0)
        {
            await using var insert = new NpgsqlCommand("", connection);
            insert.CommandText = OutboxParameters.Add(insert.Parameters, copies, database);
            await insert.ExecuteNonQueryAsync(cancellationToken);
            await using var mark = new NpgsqlCommand(_sql.Replayed, connection);
            AddKeys(mark.Parameters, sent, withEpochs: true);
            await mark.ExecuteNonQueryAsync(cancellationToken);
        }

        var refused = rows.Where(row => !sent.Contains(row)).ToList();
        return new ReplayOutcome(copies, refused.Count, refused.Count == 0 ? null : await RefusalAsync(connection, refused[^1], options.BeyondHorizon || !refused[^1].IsBeyondHorizon, cancellationToken));
    }

    private async Task<HashSet<(string Queue, string MessageId)>> AdmitAsync(NpgsqlConnection connection, IReadOnlyList<ReplayRow> rows, bool isEdited, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(_sql.Admit, connection);
        AddKeys(command.Parameters, rows, withEpochs: true);
        command.Parameters.Add(new NpgsqlParameter<bool>("edited", isEdited));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var admitted = new HashSet<(string, string)>();
        while (await reader.ReadAsync(cancellationToken))
        {
            admitted.Add((reader.GetString(0), reader.GetString(1)));
        }

        return admitted;
    }

    private async Task<string> RefusalAsync(NpgsqlConnection connection, ReplayRow row, bool isAllowed, CancellationToken cancellationToken)
    {
        if (!isAllowed)
        {
            return $"The message \"{row.Id.MessageId}\" of \"{row.Id.Queue}\" was not replayed, because it is older than what the inbox remembers: it may have been handled, and would be handled twice. If you know that it was not, or that twice does no harm, replay it with BeyondHorizon.";
        }

        await using var command = new NpgsqlCommand(_sql.Refusals, connection);
        AddKeys(command.Parameters, [row], withEpochs: false);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return reader.IsDBNull(2)
            ? $"The message \"{row.Id.MessageId}\" of \"{row.Id.Queue}\" was not replayed, because a newer copy of it is on its way (\"{reader.GetString(3)}\", epoch {reader.GetInt32(4)}). Wait for its outcome."
            : $"The message \"{row.Id.MessageId}\" of \"{row.Id.Queue}\" was not replayed, because it was handled at {reader.GetFieldValue<DateTimeOffset>(2):u}. Send a new message if it has to be handled once more.";
    }

    private static void AddKeys(NpgsqlParameterCollection parameters, IReadOnlyList<ReplayRow> rows, bool withEpochs)
    {
        const NpgsqlDbType text = NpgsqlDbType.Array | NpgsqlDbType.Text;
        parameters.Add(new NpgsqlParameter<string[]>("queues", text) { TypedValue = [.. rows.Select(row => row.Id.Queue)] });
        parameters.Add(new NpgsqlParameter<string[]>("message_ids", text) { TypedValue = [.. rows.Select(row => row.Id.MessageId)] });
        if (withEpochs)
        {
            parameters.Add(new NpgsqlParameter<int[]>("epochs", NpgsqlDbType.Array | NpgsqlDbType.Integer) { TypedValue = [.. rows.Select(row => row.Id.Epoch)] });
        }
    }
}

/// <param name="Copies">What was stored in the outbox.</param>
/// <param name="Refused">How many were not replayed.</param>
/// <param name="Refusal">Why the last of them was not.</param>
internal sealed record ReplayOutcome(IReadOnlyList<OutboxMessage> Copies, int Refused, string? Refusal);

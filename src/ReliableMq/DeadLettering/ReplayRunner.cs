using System.Text.Json;
using Microsoft.Extensions.Logging;
using Npgsql;
using NpgsqlTypes;
using ReliableMq.Diagnostics;
using ReliableMq.Storage;

namespace ReliableMq.DeadLettering;

/// <summary>
/// Carries on the replays of one database, a few messages a transaction. How far one is stands in the same transaction,
/// so it goes on there after a crash, here or in another process.
/// </summary>
internal sealed class ReplayRunner(ServiceDatabase database, ILogger logger)
{
    private const int LargestBatch = 100;

    /// <summary>For a replay that fails, and for one that another process is at.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(10), WhileOthersWork = TimeSpan.FromSeconds(1);

    private readonly ReplaySql _sql = new(database.Schema);
    private readonly Replayer _replayer = new(database);

    /// <returns>When to come again; null when nothing is running.</returns>
    public async Task<TimeSpan?> RunOnceAsync(CancellationToken cancellationToken)
    {
        while (await RunBatchAsync(cancellationToken))
        {
        }

        await using var session = await database.OpenAsync(cancellationToken);
        await using var next = new NpgsqlCommand(_sql.Next, session.Connection);
        return await next.ExecuteScalarAsync(cancellationToken) is TimeSpan due
            ? due > TimeSpan.Zero ? due : WhileOthersWork
            : null;
    }

    private async Task<bool> RunBatchAsync(CancellationToken cancellationToken)
    {
        await using var session = await database.OpenAsync(cancellationToken);
        await using var transaction = await session.Connection.BeginTransactionAsync(cancellationToken);
        if (await TakeAsync(session.Connection, cancellationToken) is not { } run)
        {
            return false;
        }

        try
        {
            await ReplayBatchAsync(session.Connection, transaction, run, cancellationToken);
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            // It must not keep the others from going on.
            LogMessages.ReplayPostponed(logger, run.Id, Pause, exception);
            await transaction.RollbackAsync(cancellationToken);
            await PostponeAsync(session.Connection, run.Id, exception.Message, cancellationToken);
        }

        return true;
    }

    private async Task PostponeAsync(NpgsqlConnection connection, long id, string reason, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(_sql.Postpone, connection)
        {
            Parameters = { new NpgsqlParameter<long>("id", id), new NpgsqlParameter<TimeSpan>("pause", Pause), StoredDeadLetter.Text("refusal", reason) },
        };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private async Task ReplayBatchAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, Run run, CancellationToken cancellationToken)
    {
        var limit = Math.Min(LargestBatch, run.PerSecond);
        var (rows, found) = await ReadAsync(connection, run, limit, cancellationToken);
        var outcome = rows.Count == 0
            ? new ReplayOutcome([], 0, null)
            : await _replayer.ReplayAsync(connection, rows, new ReplayOptions { BeyondHorizon = run.BeyondHorizon }, cancellationToken);
        var pause = TimeSpan.FromSeconds((double)rows.Count / run.PerSecond);
        await AdvanceAsync(connection, run.Id, rows.Count == 0 ? run.After : rows[^1].Position, outcome, pause, isFinished: rows.Count == found && found < limit, cancellationToken);
        CrashPoint.Here("in a replay");
        await transaction.CommitAsync(CancellationToken.None);
        database.HandOver(outcome.Copies);
    }

    private async Task<Run?> TakeAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(_sql.Take, connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken)
            ? new Run(
                reader.GetInt64(0), JsonSerializer.Deserialize(reader.GetString(1), DeadLetterJson.Default.DeadLetterFilter)!, reader.GetInt32(2), reader.GetBoolean(3), reader.GetDateTime(5),
                new DeadLetterPosition(reader.GetDateTime(6), reader.GetString(7), reader.GetString(8), reader.GetInt32(9)))
            : null;
    }

    /// <returns>What to replay now, and how many were found.</returns>
    private async Task<(List<ReplayRow> Rows, long Found)> ReadAsync(NpgsqlConnection connection, Run run, int limit, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("", connection);
        command.CommandText = _sql.Rows(DeadLetterFilterSql.Add(command.Parameters, run.Filter));
        run.After.AddTo(command.Parameters);
        command.Parameters.Add(new NpgsqlParameter("requested_at", NpgsqlDbType.TimestampTz) { Value = run.RequestedAt });
        command.Parameters.Add(new NpgsqlParameter<int>("limit", limit));
        command.Parameters.Add(new NpgsqlParameter<long>("most_bytes", ReplaySql.MostBytes));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var rows = new List<ReplayRow>();
        var found = 0L;
        while (await reader.ReadAsync(cancellationToken))
        {
            rows.Add(ReplayRow.Read(reader));
            found = reader.GetInt64(14);
        }

        return (rows, found);
    }

    private async Task AdvanceAsync(
        NpgsqlConnection connection, long id, DeadLetterPosition position, ReplayOutcome outcome, TimeSpan pause, bool isFinished, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(_sql.Advance, connection)
        {
            Parameters =
            {
                new NpgsqlParameter<long>("id", id),
                new NpgsqlParameter<long>("replayed", outcome.Copies.Count),
                new NpgsqlParameter<long>("refused", outcome.Refused),
                StoredDeadLetter.Text("refusal", outcome.Refusal),
                new NpgsqlParameter<TimeSpan>("pause", pause),
                new NpgsqlParameter<bool>("finished", isFinished),
            },
        };
        position.AddTo(command.Parameters);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private sealed record Run(long Id, DeadLetterFilter Filter, int PerSecond, bool BeyondHorizon, DateTime RequestedAt, DeadLetterPosition After);
}

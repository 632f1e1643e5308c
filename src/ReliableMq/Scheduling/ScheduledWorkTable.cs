using Npgsql;
using NpgsqlTypes;
using ReliableMq.Storage;

namespace ReliableMq.Scheduling;

/// <summary>What is known of scheduled work, in the service's first inbox database or, without one, its first.</summary>
internal sealed class ScheduledWorkTable(ServiceDatabases databases)
{
    private readonly ServiceDatabase? _database = databases.Inboxes.FirstOrDefault() ?? databases.All.FirstOrDefault();

    /// <summary>Whether there is a database to write to by now.</summary>
    public bool IsReady => _database is { Ready.IsCompletedSuccessfully: true };

    public async Task StartedAsync(IScheduledWork work, CancellationToken cancellationToken)
    {
        await using var session = await _database!.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand(new ScheduledWorkSql(_database.Schema).Started, session.Connection)
        {
            Parameters =
            {
                new NpgsqlParameter<string>("name", work.Name),
                Interval("every", work.Interval),
                new NpgsqlParameter<Guid>("node", _database.Node.Id),
                new NpgsqlParameter<string>("host", _database.Node.Host),
            },
        };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <returns>How often it has failed in a row.</returns>
    public async Task<int> FinishedAsync(IScheduledWork work, TimeSpan duration, string outcome, string? error, CancellationToken cancellationToken)
    {
        await using var session = await _database!.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand(new ScheduledWorkSql(_database.Schema).Finished, session.Connection)
        {
            Parameters =
            {
                new NpgsqlParameter<string>("name", work.Name),
                Interval("duration", duration),
                new NpgsqlParameter<string>("outcome", outcome),
                new NpgsqlParameter("error", NpgsqlDbType.Text) { Value = error is null ? DBNull.Value : SafeText.ForPostgres(error) },
            },
        };
        return await command.ExecuteScalarAsync(cancellationToken) as int? ?? 0;
    }

    public async Task<List<ScheduledWorkState>> ReadAsync(CancellationToken cancellationToken)
    {
        await using var session = await _database!.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand(new ScheduledWorkSql(_database.Schema).Read, session.Connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var works = new List<ScheduledWorkState>();
        while (await reader.ReadAsync(cancellationToken))
        {
            works.Add(new ScheduledWorkState(
                reader.GetString(0), reader.GetFieldValue<TimeSpan>(1), reader.GetFieldValue<DateTimeOffset>(2),
                reader.IsDBNull(3) ? null : reader.GetFieldValue<DateTimeOffset>(3), reader.IsDBNull(4) ? null : reader.GetFieldValue<TimeSpan>(4),
                reader.GetString(5), reader.IsDBNull(6) ? null : reader.GetString(6), reader.GetInt32(7), reader.GetGuid(8), reader.GetString(9),
                reader.GetFieldValue<DateTimeOffset>(10)));
        }

        return works;
    }

    private static NpgsqlParameter<TimeSpan> Interval(string name, TimeSpan value) => new(name, NpgsqlDbType.Interval) { TypedValue = value };
}

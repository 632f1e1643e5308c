using System.Text.Json;
using Npgsql;
using NpgsqlTypes;
using ReliableMq.Storage;

namespace ReliableMq.Alerting;

/// <summary>The statements of one database's alerts, run: each method is one round trip.</summary>
internal sealed class AlertTable(ServiceDatabase database)
{
    private const int GatherLimit = 1_000;
    private readonly AlertSql _sql = database.AlertSql;

    /// <summary>Gathers what was raised and claims one alert that a sink should be told of, if there is any.</summary>
    public async Task<AlertPoll> PollAsync(string sink, CancellationToken cancellationToken)
    {
        await using var session = await database.OpenAsync(cancellationToken);
        await using var batch = new NpgsqlBatch(session.Connection)
        {
            BatchCommands =
            {
                new NpgsqlBatchCommand(_sql.Gather) { Parameters = { new NpgsqlParameter<int>("limit", GatherLimit) } },
                new NpgsqlBatchCommand(_sql.Begin) { Parameters = { Sink(sink) } },
                new NpgsqlBatchCommand(_sql.Claim)
                {
                    Parameters = { Sink(sink), new NpgsqlParameter<Guid>("node", database.Node.Id), Interval("lease", AlertRules.Lease) },
                },
                new NpgsqlBatchCommand(_sql.Next) { Parameters = { Sink(sink) } },
            },
        };
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        var gathered = new List<(string, long)>();
        var raises = 0L;
        while (await reader.ReadAsync(cancellationToken))
        {
            gathered.Add((reader.GetString(0), reader.GetInt64(1)));
            raises += reader.GetInt64(2);
        }

        await reader.NextResultAsync(cancellationToken);
        var claimed = await reader.ReadAsync(cancellationToken) ? Read(reader) : null;
        await reader.NextResultAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return new AlertPoll(gathered, raises < GatherLimit, claimed, reader.IsDBNull(0) ? null : reader.GetFieldValue<TimeSpan>(0));
    }

    public Task ToldAsync(string sink, ClaimedAlert told, CancellationToken cancellationToken) => RecordAsync(
        _sql.Told, sink, told, cancellationToken,
        new NpgsqlParameter<long>("count", told.Alert.Count),
        Interval("peace", AlertRules.PeaceAfter(told.Alert.Telling)));

    public Task FailedAsync(string sink, ClaimedAlert untold, string error, TimeSpan delay, CancellationToken cancellationToken) => RecordAsync(
        _sql.Failed, sink, untold, cancellationToken,
        new NpgsqlParameter<string>("error", SafeText.ForPostgres(error)),
        Interval("delay", delay));

    /// <summary>What sinks do not take now, one row a sink.</summary>
    public async Task<List<UntoldAlerts>> ReadUntoldAsync(CancellationToken cancellationToken)
    {
        await using var session = await database.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand(_sql.Untold, session.Connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var untold = new List<UntoldAlerts>();
        while (await reader.ReadAsync(cancellationToken))
        {
            untold.Add(new UntoldAlerts(reader.GetString(0), reader.GetInt64(1), reader.GetString(2)));
        }

        return untold;
    }

    /// <summary>What is open, the newest first, a line each.</summary>
    public async Task<List<string>> ReadOpenAsync(int limit, CancellationToken cancellationToken)
    {
        await using var session = await database.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand(_sql.Open, session.Connection) { Parameters = { new NpgsqlParameter<int>("limit", limit) } };
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var open = new List<string>();
        while (await reader.ReadAsync(cancellationToken))
        {
            open.Add(reader.GetString(0));
        }

        return open;
    }

    public async Task ResolveQuietAsync(string[] sinks, CancellationToken cancellationToken)
    {
        await using var session = await database.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand(_sql.ResolveQuiet, session.Connection)
        {
            Parameters = { Interval("quiet", AlertRules.Quiet), new NpgsqlParameter<string[]>("sinks", sinks) },
        };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <returns>How many were removed.</returns>
    public async Task<long> RemoveResolvedAsync(int limit, CancellationToken cancellationToken)
    {
        await using var session = await database.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand(_sql.RemoveResolved, session.Connection)
        {
            Parameters = { Interval("keep", AlertRules.KeepResolved), new NpgsqlParameter<int>("limit", limit) },
        };
        return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    private async Task RecordAsync(string sql, string sink, ClaimedAlert claimed, CancellationToken cancellationToken, params NpgsqlParameter[] further)
    {
        await using var session = await database.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand(sql, session.Connection)
        {
            Parameters = { Sink(sink), new NpgsqlParameter<long>("id", claimed.Alert.Id), new NpgsqlParameter<long>("fence", claimed.Fence) },
        };
        command.Parameters.AddRange(further);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private ClaimedAlert Read(NpgsqlDataReader reader)
    {
        var count = reader.GetInt64(5);
        var alert = new Alert
        {
            Id = reader.GetInt64(0),
            Service = database.Options.Service ?? "",
            Kind = reader.GetString(1),
            Group = reader.GetString(2),
            Severity = SeverityText.Parse(reader.GetString(3)),
            Text = reader.GetString(4),
            Count = count,
            Examples = JsonSerializer.Deserialize<AlertExample[]>(reader.GetString(6), JsonSerializerOptions.Web) ?? [],
            FirstRaisedAt = reader.GetFieldValue<DateTimeOffset>(7),
            LastRaisedAt = reader.GetFieldValue<DateTimeOffset>(8),
            NewCount = count - reader.GetInt64(9),
            Telling = reader.GetInt32(10) + 1,
        };
        return new ClaimedAlert(alert, Fence: reader.GetInt64(11), Attempts: reader.GetInt32(12));
    }

    private static NpgsqlParameter<string> Sink(string sink) => new("sink", sink);

    private static NpgsqlParameter<TimeSpan> Interval(string name, TimeSpan value) => new(name, NpgsqlDbType.Interval) { TypedValue = value };
}

/// <summary>Alerts that a sink has failed to take.</summary>
internal sealed record UntoldAlerts(string Sink, long Count, string Error);

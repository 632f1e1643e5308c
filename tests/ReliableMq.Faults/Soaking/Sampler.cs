using ReliableMq.Faults.Running;
using ReliableMq.TestSupport;

namespace ReliableMq.Faults.Soaking;

/// <summary>Looks at what the services take at the broker and in their databases, into a file. Processes tell theirs themselves.</summary>
internal sealed class Sampler(Stage stage, string folder)
{
    private static readonly string[] BrokerObjects = ["connections", "channels", "exchanges", "bindings"];

    private readonly string _file = Path.Combine(folder, $"servers{Samples.Extension}");

    public async Task RunAsync(CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            List<Sample> samples =
            [
                .. await Patiently.DoAsync(LookAtBrokerAsync),
                .. await Patiently.DoAsync(() => LookAtAsync("producers", stage.Sending)),
                .. await Patiently.DoAsync(() => LookAtAsync("consumers", stage.Handling)),
            ];
            Samples.Append(_file, samples);
            await Task.Delay(Samples.Interval, TimeProvider.System, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<List<Sample>> LookAtBrokerAsync()
    {
        var samples = new List<Sample>();
        foreach (var what in BrokerObjects)
        {
            samples.Add(Sample(FigureKind.Broker, what, await stage.VirtualHost.CountAsync(what)));
        }

        var queues = await stage.VirtualHost.ListQueuesAsync();
        samples.Add(Sample(FigureKind.Broker, "queues", queues.Count));
        samples.AddRange(queues.Select(queue => Sample(FigureKind.Messages, queue.Name, queue.Messages)));
        return samples;
    }

    private static async Task<List<Sample>> LookAtAsync(string service, TestDatabase database)
    {
        const string ofProcesses = "FROM pg_stat_activity WHERE datname = current_database() AND application_name <> ''";
        var samples = await database.QueryAsync(
            $"SELECT application_name, count(*) {ofProcesses} GROUP BY 1", row => Sample(FigureKind.Connections, row.GetString(0), row.GetInt64(1)));
        samples.Add(Sample(FigureKind.Transactions, service, await database.ScalarAsync<double>($"SELECT coalesce(max(extract(epoch FROM clock_timestamp() - xact_start)), 0)::float8 {ofProcesses}")));
        samples.AddRange(await database.QueryAsync(
            "SELECT relname::text, pg_total_relation_size(oid) FROM pg_class WHERE relnamespace = 'reliable_mq'::regnamespace AND relkind = 'r' ORDER BY 1",
            row => Sample(FigureKind.Size, $"{row.GetString(0)} of the {service}", row.GetInt64(1))));
        var tables = await database.QueryAsync<string>("SELECT relname::text FROM pg_class WHERE relnamespace = 'reliable_mq'::regnamespace AND relkind = 'r' ORDER BY 1");
        samples.AddRange(await database.QueryAsync(
            string.Join(" UNION ALL ", tables.Select(table => $"SELECT '{table}', count(*) FROM reliable_mq.{table}")),
            row => Sample(FigureKind.Rows, $"{row.GetString(0)} of the {service}", row.GetInt64(1))));
        return samples;
    }

    private static Sample Sample(FigureKind kind, string of, double value) => new(TimeProvider.System.GetUtcNow(), kind.Name, of, value);
}

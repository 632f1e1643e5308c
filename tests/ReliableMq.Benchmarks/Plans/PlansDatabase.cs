using Npgsql;
using ReliableMq.TestSupport;

namespace ReliableMq.Benchmarks.Plans;

/// <summary>A database with a small outbox and a history of any size.</summary>
internal sealed class PlansDatabase(TestDatabase database) : IAsyncDisposable
{
    public const string Schema = "reliable_mq";
    private const int FillBatch = 200_000;

    public static readonly Guid Node = Guid.CreateVersion7();
    public static readonly TimeSpan Lease = TimeSpan.FromMinutes(10);

    public TestDatabase Database => database;

    public static async Task<PlansDatabase> CreateAsync()
    {
        var created = new PlansDatabase(await TestDatabase.CreateAsync());
        await created.Database.ExecuteAsync(ReliableMqSchema.Script(Schema));
        // What is held by this process, and as much that is due.
        for (var batch = 0; batch < 10; batch++)
        {
            await created.StoreAsync(Lease);
        }

        await created.Database.ExecuteAsync(
            $"UPDATE {Schema}.outbox SET node = NULL, available_at = clock_timestamp() - interval '1 minute' WHERE id IN (SELECT id FROM {Schema}.outbox ORDER BY id LIMIT {5 * HotStatements.Batch})");
        await created.VacuumAsync("outbox");
        return created;
    }

    /// <summary>Sent messages of the last six days, ids in the order of their times as the library makes them.</summary>
    public async Task FillHistoryAsync(long from, long to, TimeSpan oldest)
    {
        for (var first = from; first < to; first += FillBatch)
        {
            var last = Math.Min(first + FillBatch, to) - 1;
            await ExecuteLongAsync(
                $"""
                INSERT INTO {Schema}.outbox_history (id, message_id, name, exchange, routing_key, content_type, body, created_at, attempts, outcome, finished_at)
                SELECT (lpad(to_hex((extract(epoch FROM made) * 1000)::bigint), 12, '0') || '7' || lpad(to_hex(n % 4096), 3, '0') || '8' || lpad(to_hex(n), 15, '0'))::uuid,
                       n::text, 'orders.order-placed.v1', 'orders', 'orders.order-placed.v1', 'application/json', ''::bytea, made, 1, 'sent', made
                FROM (SELECT n, clock_timestamp() - @oldest + n * (@oldest / @total) AS made FROM generate_series({first}, {last}) AS n) AS rows
                """,
                new NpgsqlParameter<TimeSpan>("oldest", oldest), new NpgsqlParameter<double>("total", to + 1.0));
        }

        await VacuumAsync("outbox_history");
    }

    /// <summary>Stores one batch and keeps it held by <see cref="Node"/>.</summary>
    /// <param name="lease">Negative: it has run out already.</param>
    public async Task<Guid[]> StoreAsync(TimeSpan lease)
    {
        var parameters = await HotStatements.InsertParameters(lease);
        await ExecuteAsync(new Outbox.OutboxSql(Schema).Insert, parameters);
        return ((NpgsqlParameter<Guid[]>)parameters[0]).TypedValue!;
    }

    /// <summary>Some time before the rows that are due, and after those that have left.</summary>
    public Task<DateTime> RecentAsync() => database.ScalarAsync<DateTime>("SELECT clock_timestamp() - interval '3 minutes'");

    /// <summary>Ids of rows that are held, as a parameter.</summary>
    public async Task<NpgsqlParameter> HeldAsync() => new NpgsqlParameter<Guid[]>("ids",
        [.. await database.QueryAsync<Guid>($"SELECT id FROM {Schema}.outbox WHERE node = $1 AND fence = 0 ORDER BY id DESC LIMIT {HotStatements.Batch}", Node)]);

    public async Task ExecuteAsync(string sql, params NpgsqlParameter[] parameters)
    {
        await using var command = database.DataSource.CreateCommand(sql);
        command.Parameters.AddRange(parameters);
        await command.ExecuteNonQueryAsync();
    }

    public async Task ExecuteLongAsync(string sql, params NpgsqlParameter[] parameters)
    {
        await using var command = database.DataSource.CreateCommand(sql);
        command.CommandTimeout = 600;
        command.Parameters.AddRange(parameters);
        await command.ExecuteNonQueryAsync();
    }

    public Task VacuumAsync(string table) => ExecuteLongAsync($"VACUUM ANALYZE {Schema}.{table}");

    public ValueTask DisposeAsync() => database.DisposeAsync();
}

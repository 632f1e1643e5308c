using System.Globalization;
using Npgsql;
using ReliableMq.Outbox;
using ReliableMq.TestSupport;

namespace ReliableMq.Benchmarks.Plans;

/// <summary>
/// What the outbox's statements touch with an empty and with a long history, and while an old transaction keeps
/// every dead row alive.
/// </summary>
internal static class PlansRun
{
    private const int DeadRows = 100_000;

    /// <summary>A deeper index costs each row that is written some pages more; anything beyond grows with the history.</summary>
    private const double MostGrowth = 2.5;
    private const int Slack = 40;

    public static async Task<int> RunAsync(string[] options)
    {
        if (options is not ([] or ["--rows", _]) || !long.TryParse(options is ["--rows", var text] ? text : "10000000", CultureInfo.InvariantCulture, out var rows) || rows < 1)
        {
            await Console.Error.WriteLineAsync($"Unknown options '{string.Join(' ', options)}'. Use: plans [--rows N]");
            return 2;
        }

        await using var database = await PlansDatabase.CreateAsync();
        var statements = HotStatements.For(database);
        var empty = await MeasureAsync(database, statements);
        var startedAt = TimeProvider.System.GetTimestamp();
        await database.FillHistoryAsync(0, rows, TimeSpan.FromDays(6));
        Console.WriteLine($"{rows} rows of history in {TimeProvider.System.GetElapsedTime(startedAt).TotalSeconds:0} s");
        var full = await MeasureAsync(database, statements);
        var (bloated, during) = await MeasureWithOldTransactionAsync(database, statements);

        Console.WriteLine($"| statement of {HotStatements.Batch} rows | no history | {rows} rows | and {DeadRows} dead rows kept |");
        Console.WriteLine("|---|---|---|---|");
        foreach (var statement in statements)
        {
            Console.WriteLine($"| {statement.Name} | {Show(empty)} | {Show(full)} | {Show(bloated)} |");
            string Show(Dictionary<string, PlanCost> costs) => string.Create(CultureInfo.InvariantCulture, $"{costs[statement.Name].Buffers} pages, {costs[statement.Name].Milliseconds:0.0} ms");
        }

        Console.WriteLine(during);
        await HousekeepAsync(database, rows);
        return Check(statements, empty, full, "history") | Check([.. statements.Where(statement => statement.Name.EndsWith(", recent", StringComparison.Ordinal))], full, bloated, "dead rows");
    }

    private static async Task<Dictionary<string, PlanCost>> MeasureAsync(PlansDatabase database, IReadOnlyList<HotStatement> statements)
    {
        var costs = new Dictionary<string, PlanCost>();
        foreach (var statement in statements)
        {
            await database.VacuumAsync("outbox");
            costs[statement.Name] = await PlanReader.MeasureAsync(database, statement);
        }

        return costs;
    }

    /// <summary>
    /// Traffic of stored and finished messages while a snapshot from before it is still in use. Their leases would
    /// have run out by now, as those of any traffic have half a minute later, so a claim meets their entries first.
    /// </summary>
    private static async Task<(Dictionary<string, PlanCost>, string)> MeasureWithOldTransactionAsync(PlansDatabase database, IReadOnlyList<HotStatement> statements)
    {
        await using var old = await database.Database.DataSource.OpenConnectionAsync();
        await using var transaction = await old.BeginTransactionAsync(System.Data.IsolationLevel.RepeatableRead);
        await using (var look = new NpgsqlCommand($"SELECT count(*) FROM {PlansDatabase.Schema}.outbox", old, transaction))
        {
            await look.ExecuteScalarAsync();
        }

        var claim = statements.Single(statement => statement.Name == "claim");
        var growth = new List<string>();
        var sql = new OutboxSql(PlansDatabase.Schema);
        for (var done = 0; done < DeadRows; done += HotStatements.Batch)
        {
            var ids = await database.StoreAsync(-TimeSpan.FromMinutes(5));
            await database.ExecuteAsync(sql.Finish,
                new NpgsqlParameter<Guid[]>("ids", ids), new NpgsqlParameter<long[]>("fences", new long[ids.Length]), new NpgsqlParameter<string>("outcome", "sent"));
            if ((done + HotStatements.Batch) % (DeadRows / 4) == 0)
            {
                var cost = await PlanReader.MeasureAsync(database, claim);
                growth.Add(string.Create(CultureInfo.InvariantCulture, $"{done + HotStatements.Batch} dead: {cost.Buffers} pages, {cost.Milliseconds:0.0} ms"));
            }
        }

        var costs = await MeasureAsync(database, statements);
        await transaction.CommitAsync();
        await database.VacuumAsync("outbox");
        var after = await PlanReader.MeasureAsync(database, claim);
        return (costs, string.Create(CultureInfo.InvariantCulture, $"claim while an old transaction is open: {string.Join("; ", growth)}; after its end and a vacuum: {after.Buffers} pages, {after.Milliseconds:0.0} ms"));
    }

    /// <summary>A backlog of old rows goes in the library's own batches; what is left must stay as quick to find.</summary>
    private static async Task HousekeepAsync(PlansDatabase database, long rows)
    {
        var sql = new OutboxSql(PlansDatabase.Schema).RemoveHistory;
        var half = TimeSpan.FromDays(3);
        long removed = 0, longest = 0, total = 0, batches = 0;
        long count;
        var after = Guid.Empty;
        do
        {
            await using var command = database.Database.DataSource.CreateCommand(sql);
            command.Parameters.Add(new NpgsqlParameter<TimeSpan>("keep", half));
            command.Parameters.Add(new NpgsqlParameter<int>("limit", 1_000));
            command.Parameters.Add(new NpgsqlParameter<Guid>("after", after));
            var startedAt = TimeProvider.System.GetTimestamp();
            await using var reader = await command.ExecuteReaderAsync();
            await reader.ReadAsync();
            (count, after) = (reader.GetInt64(0), reader.IsDBNull(1) ? after : reader.GetGuid(1));
            var took = (long)TimeProvider.System.GetElapsedTime(startedAt).TotalMicroseconds;
            (removed, longest, total, batches) = (removed + count, Math.Max(longest, took), total + took, batches + 1);
        }
        while (count == 1_000 && removed < 1_000_000);

        var size = await database.Database.ScalarAsync<long>($"SELECT pg_relation_size('{PlansDatabase.Schema}.outbox_history_pkey')");
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"housekeeping of a backlog: {removed} of {rows} rows in {batches} batches, {total / 1000.0 / batches:0.0} ms a batch on average, {longest / 1000.0:0.0} ms at most; index {size / 1024 / 1024} MB"));
    }

    private static int Check(IReadOnlyList<HotStatement> statements, Dictionary<string, PlanCost> without, Dictionary<string, PlanCost> with, string what)
    {
        var grown = statements.Where(statement => with[statement.Name].Buffers > without[statement.Name].Buffers * MostGrowth + Slack).ToList();
        foreach (var statement in grown)
        {
            Console.Error.WriteLine($"\"{statement.Name}\" touches {with[statement.Name].Buffers} pages with {what} and {without[statement.Name].Buffers} without. Look at its plan and its index.");
        }

        return grown.Count == 0 ? 0 : 1;
    }
}

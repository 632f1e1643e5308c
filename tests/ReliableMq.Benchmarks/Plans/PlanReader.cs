using System.Text.Json;
using Npgsql;

namespace ReliableMq.Benchmarks.Plans;

/// <summary>Runs a statement under EXPLAIN in a transaction that is rolled back.</summary>
internal static class PlanReader
{
    /// <summary>The least of several runs: the first finds cold caches and sets hint bits.</summary>
    public static async Task<PlanCost> MeasureAsync(PlansDatabase database, HotStatement statement)
    {
        var costs = new List<PlanCost>();
        for (var run = 0; run < 3; run++)
        {
            costs.Add(await ExplainAsync(database, statement));
        }

        return new PlanCost(costs.Min(cost => cost.Buffers), costs.Min(cost => cost.Milliseconds));
    }

    private static async Task<PlanCost> ExplainAsync(PlansDatabase database, HotStatement statement)
    {
        var parameters = await statement.Parameters();
        await using var connection = await database.Database.DataSource.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using var command = new NpgsqlCommand($"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement.Sql}", connection, transaction);
        command.Parameters.AddRange(parameters);
        using var plan = JsonDocument.Parse((string)(await command.ExecuteScalarAsync())!);
        var top = plan.RootElement[0];
        var node = top.GetProperty("Plan");
        return new PlanCost(
            node.GetProperty("Shared Hit Blocks").GetInt64() + node.GetProperty("Shared Read Blocks").GetInt64(),
            top.GetProperty("Execution Time").GetDouble());
    }
}

/// <summary>What a statement cost once.</summary>
/// <param name="Buffers">Pages of 8 KB touched.</param>
/// <param name="Milliseconds">On the server.</param>
internal sealed record PlanCost(long Buffers, double Milliseconds);

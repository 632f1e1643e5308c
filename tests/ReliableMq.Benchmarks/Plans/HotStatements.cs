using Npgsql;
using NpgsqlTypes;
using ReliableMq.Outbox;

namespace ReliableMq.Benchmarks.Plans;

/// <summary>The statements of the outbox that run for every batch, poll or measurement, with usual arguments.</summary>
internal static class HotStatements
{
    public const int Batch = 100;

    public static IReadOnlyList<HotStatement> For(PlansDatabase database)
    {
        var sql = new OutboxSql(PlansDatabase.Schema);
        return
        [
            new("insert", sql.Insert, () => InsertParameters(PlansDatabase.Lease)),
            new("read held", sql.ReadHeld, async () => [await database.HeldAsync(), Node(), Lease()]),
            new("claim", sql.Claim, () => Of(new NpgsqlParameter<int>("limit", Batch), Node(), Lease(), From(DateTime.UnixEpoch))),
            new("next available", sql.NextAvailable, () => Of(From(DateTime.UnixEpoch))),
            // What every poll but one a minute does, see ClaimHorizon.
            new("claim, recent", sql.Claim, async () => [new NpgsqlParameter<int>("limit", Batch), Node(), Lease(), From(await database.RecentAsync())]),
            new("next available, recent", sql.NextAvailable, async () => [From(await database.RecentAsync())]),
            new("finish", sql.Finish, async () => [await database.HeldAsync(), Fences(), new NpgsqlParameter<string>("outcome", "sent")]),
            new("fail", sql.Fail, async () =>
            [
                await database.HeldAsync(), Fences(), Each("counted", 1), Each("kinds", "returned"), Each("errors", "NO_ROUTE"),
                Each("delays", TimeSpan.FromSeconds(1)), Each("gives_up", false),
            ]),
            new("release", sql.Release, async () => [await database.HeldAsync(), Fences(), new NpgsqlParameter<TimeSpan>("delay", TimeSpan.FromSeconds(1))]),
            new("release all", sql.ReleaseAll, () => Of(Node(), Lease())),
            new("pending", sql.Pending, () => Of(Lease())),
            new("housekeeping", sql.RemoveHistory, () => Of(new NpgsqlParameter<TimeSpan>("keep", TimeSpan.FromDays(7)), new NpgsqlParameter<int>("limit", 1_000), new NpgsqlParameter<Guid>("after", Guid.Empty))),
        ];
    }

    public static Task<NpgsqlParameter[]> InsertParameters(TimeSpan lease)
    {
        var ids = Enumerable.Range(0, Batch).Select(_ => Guid.CreateVersion7()).ToArray();
        const NpgsqlDbType text = NpgsqlDbType.Array | NpgsqlDbType.Text;
        return Of(
            new NpgsqlParameter<Guid[]>("rmq_ids", ids), new NpgsqlParameter<string[]>("rmq_message_ids", [.. ids.Select(id => id.ToString())]),
            Each("rmq_names", "orders.order-placed.v1"), Each("rmq_exchanges", "orders"), Each("rmq_routing_keys", "orders.order-placed.v1"),
            Each("rmq_content_types", "application/json"), Nulls("rmq_headers", text), Each("rmq_bodies", new byte[256]),
            Nulls("rmq_correlation_ids", text), Nulls("rmq_causation_ids", text), Nulls("rmq_traceparents", text),
            new NpgsqlParameter("rmq_due_ats", NpgsqlDbType.Array | NpgsqlDbType.TimestampTz) { Value = new DateTime?[Batch] },
            new NpgsqlParameter<TimeSpan>("rmq_lease", lease), new NpgsqlParameter<Guid>("rmq_node", PlansDatabase.Node));
    }

    private static NpgsqlParameter Node() => new NpgsqlParameter<Guid>("node", PlansDatabase.Node);

    private static NpgsqlParameter Lease() => new NpgsqlParameter<TimeSpan>("lease", PlansDatabase.Lease);

    private static NpgsqlParameter From(DateTime from) => new NpgsqlParameter<DateTime>("from", NpgsqlDbType.TimestampTz) { TypedValue = from };

    private static NpgsqlParameter Fences() => Each("fences", 0L);

    private static NpgsqlParameter Each<T>(string name, T value) => new NpgsqlParameter<T[]>(name, [.. Enumerable.Repeat(value, Batch)]);

    private static NpgsqlParameter Nulls(string name, NpgsqlDbType type) => new(name, type) { Value = new string?[Batch] };

    private static Task<NpgsqlParameter[]> Of(params NpgsqlParameter[] parameters) => Task.FromResult(parameters);
}

/// <summary>A statement and what makes its arguments, new ones each time.</summary>
internal sealed record HotStatement(string Name, string Sql, Func<Task<NpgsqlParameter[]>> Parameters);

using Npgsql;
using RabbitMQ.Client;
using ReliableMq.Integration.Support;
using ReliableMq.TestSupport;
using Xunit;

namespace ReliableMq.Integration.Failing;

/// <summary>Run it with RABBITMQ=3.10, 4.0 and 4.3: it starts a broker of its own.</summary>
public class The_same_attempts_on_every_broker
{
    private const string Queue = "tests.numbers";
    private const int Messages = 5;

    /// <summary>A noisy machine adds to the delays; the long run is for a quiet one.</summary>
    private static readonly TimeSpan Late = Runs.Long(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(10));

    private static readonly TimeSpan[] Delays = [TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(20), TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(2)];

    [Fact]
    public async Task Attempts_and_delays_are_those_of_the_list_across_restarts_of_service_and_broker()
    {
        await using var broker = await PrivateRabbitMq.CreateAsync();
        await using var world = await World.CreateAsync(broker.Server);
        await world.Database.ExecuteAsync("CREATE TABLE attempts (number int, attempt int, at timestamptz DEFAULT clock_timestamp())");
        var service = await StartAsync(world);
        try
        {
            await broker.SyncAsync();
            for (var number = 1; number <= Messages; number++)
            {
                await world.Broker.PublishAsync("", Queue, $$"""{"number":{{number}}}""", new BasicProperties { MessageId = $"m-{number}", Type = "tests.numbered.v1", DeliveryMode = DeliveryModes.Persistent });
            }

            // While they are held for the second delay, the service is replaced.
            await AttemptedAsync(world, 2);
            await service.DisposeAsync();
            service = await StartAsync(world);

            // While they wait in the database for the third, the broker is.
            await AttemptedAsync(world, 3);
            await Eventually.EqualAsync(Messages, () => world.Database.ScalarAsync<long>("SELECT count(*) FROM reliable_mq.failure WHERE state = 'scheduled'"), "messages scheduled");
            await broker.StopAsync();
            await broker.StartAsync();
            await service.ConsumingAsync();
            (await world.Database.ScalarAsync<TimeSpan>("SELECT min(next_attempt_at) - clock_timestamp() FROM reliable_mq.failure"))
                .ShouldBeGreaterThan(TimeSpan.FromSeconds(1), "else the delay was that of the restart");
            await AttemptedAsync(world, Delays.Length + 1);

            await Eventually.EqualAsync(Messages, () => world.CountAsync("dead_letter"), "dead letters");
            (await service.DeadLetters.ListAsync().Select(dead => dead.Attempts).Distinct().ToListAsync()).ShouldBe([Delays.Length + 1]);
            var waited = await world.Database.QueryAsync(
                "SELECT attempt, at - lag(at) OVER (PARTITION BY number ORDER BY attempt) FROM attempts ORDER BY attempt, number",
                reader => (Attempt: reader.GetInt32(0), Delay: reader.IsDBNull(1) ? default : reader.GetFieldValue<TimeSpan>(1)));
            waited.Count.ShouldBe(Messages * (Delays.Length + 1), "each attempt was made once");
            foreach (var (attempt, delay) in waited.Where(one => one.Attempt > 1))
            {
                // A redelivery within 50 ms of its time runs.
                delay.ShouldBeInRange(Delays[attempt - 2] - TimeSpan.FromMilliseconds(50), Delays[attempt - 2] + Late, $"before attempt {attempt} on {broker.Version}");
            }

            TestContext.Current.SendDiagnosticMessage($"{broker.Version}: {string.Join(", ", waited.Where(one => one.Attempt > 1).GroupBy(one => one.Attempt).Select(one => $"{one.Key}. after {one.Min(two => two.Delay.TotalSeconds):0.00} to {one.Max(two => two.Delay.TotalSeconds):0.00} s"))}");
        }
        finally
        {
            await service.DisposeAsync();
        }
    }

    private static async Task<TestService> StartAsync(World world)
    {
        var service = await world.StartAsync(setup => setup.Handle<Numbered>(Queue, async (message, _, context) =>
        {
            await using var connection = new NpgsqlConnection(world.Database.ConnectionString);
            await connection.OpenAsync(context.CancellationToken);
            await using var command = new NpgsqlCommand("INSERT INTO attempts (number, attempt) VALUES ($1, $2)", connection)
            {
                Parameters = { new() { Value = message.Number }, new() { Value = context.Attempt } },
            };
            await command.ExecuteNonQueryAsync(context.CancellationToken);
            throw new InvalidOperationException("never");
        }, retry: "1s, 20s, 60s, 2s"));
        await service.ConsumingAsync();
        return service;
    }

    private static Task AttemptedAsync(World world, int attempt) => Eventually.EqualAsync(
        Messages, () => world.Database.ScalarAsync<long>("SELECT count(*) FROM attempts WHERE attempt = $1", attempt), $"messages with attempt {attempt}", TimeSpan.FromMinutes(2));
}

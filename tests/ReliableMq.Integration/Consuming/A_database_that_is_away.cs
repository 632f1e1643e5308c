using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Npgsql;
using RabbitMQ.Client;
using ReliableMq.Integration.Support;
using ReliableMq.TestSupport;
using Xunit;

namespace ReliableMq.Integration.Consuming;

/// <summary>A single attempt is allowed everywhere here: whatever were counted would be a dead letter.</summary>
public class A_database_that_is_away
{
    private const string Queue = "tests.numbers";

    private readonly ConcurrentBag<long> _deliveryCounts = [];

    [Fact]
    public async Task Stopped_for_minutes_costs_no_attempt_and_few_redeliveries()
    {
        var outage = Runs.Long(TimeSpan.FromMinutes(10), TimeSpan.FromSeconds(20));
        await using var postgres = await PrivatePostgres.CreateAsync();
        await using var world = await World.CreateAsync(postgres: postgres.Server);
        var gate = new Gate("handlers that run when it stops");
        await using var service = await world.StartAsync(setup => Handle(setup, message => message.Number < 4 ? gate.PassAsync() : Task.CompletedTask));
        await service.ConsumingAsync();
        await PublishAsync(world, 0, 4);
        await gate.WaitForCallersAsync(4);

        await postgres.StopAsync();
        var stopped = System.Diagnostics.Stopwatch.StartNew();
        await PublishAsync(world, 4, 100);
        gate.Open();
        await Eventually.TrueAsync(() => service.Logs.Entries.Any(entry => entry.EventId.Id == 4003), "consuming pauses");
        await Eventually.EqualAsync(104u, () => world.ReadyAsync(Queue), "messages back in the queue");
        (await service.HealthAsync()).Entries["reliable-mq-consumers"].Description.ShouldNotBeNull().ShouldContain("paused: the database cannot be reached");
        // The length is the fault: whatever is tried again has its longest delay.
        await Eventually.TrueAsync(() => stopped.Elapsed >= outage, "the outage has lasted", outage + TimeSpan.FromSeconds(60));
        (await world.ReadyAsync(Queue)).ShouldBe(104u);
        await postgres.StartAsync();
        var back = System.Diagnostics.Stopwatch.StartNew();

        await Eventually.TrueAsync(() => _deliveryCounts.Count > 4, "consuming resumes", TimeSpan.FromSeconds(90));
        var resumed = back.Elapsed;
        await Eventually.EqualAsync(Enumerable.Range(0, 104), world.EffectsAsync, "effects", TimeSpan.FromSeconds(90));
        await NothingWasCountedAsync(world, service);
        TestContext.Current.SendDiagnosticMessage(
            $"{outage}: at most {_deliveryCounts.Max()} redeliveries of a message, {_deliveryCounts.Sum()} in all; consuming resumed after {resumed.TotalSeconds:0.0} s, all was handled after {back.Elapsed.TotalSeconds:0.0} s");
    }

    [Fact]
    public async Task That_takes_connections_and_never_answers_costs_no_attempt()
    {
        await using var postgres = await PrivatePostgres.CreateAsync();
        await using var world = await World.CreateAsync(postgres: postgres.Server);
        await using var service = await world.StartAsync(setup =>
        {
            setup.ConnectionString = new NpgsqlConnectionStringBuilder(setup.ConnectionString) { CommandTimeout = 2, Timeout = 2, CancellationTimeout = 500 }.ConnectionString;
            Handle(setup);
        });
        await service.ConsumingAsync();
        await PublishAsync(world, 0, 1);
        await Eventually.EqualAsync([0], world.EffectsAsync, "the first effect");

        await postgres.FreezeAsync();
        await PublishAsync(world, 1, 50);
        await Eventually.TrueAsync(() => service.Logs.Entries.Any(entry => entry.EventId.Id == 4003), "consuming pauses");
        await Eventually.EqualAsync(50u, () => world.ReadyAsync(Queue), "messages back in the queue");
        await postgres.ResumeAsync();

        await Eventually.EqualAsync(Enumerable.Range(0, 51), world.EffectsAsync, "effects");
        await NothingWasCountedAsync(world, service);
    }

    [Fact]
    public async Task That_shuts_down_or_recovers_and_refuses_connections_costs_no_attempt()
    {
        await using var postgres = await PrivatePostgres.CreateAsync();
        await using var world = await World.CreateAsync(postgres: postgres.Server);
        await using var service = await world.StartAsync(setup => Handle(setup));
        await service.ConsumingAsync();

        // While somebody is still there, the server refuses everybody else with 57P03, as it does while it recovers.
        await using var lingering = new NpgsqlConnection(world.Database.ConnectionString + ";Pooling=false");
        await lingering.OpenAsync();
        await postgres.RefuseConnectionsAsync();
        try
        {
            await using (var terminate = new NpgsqlCommand("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()", lingering))
            {
                await terminate.ExecuteNonQueryAsync();
            }

            await PublishAsync(world, 0, 50);
            await Eventually.TrueAsync(() => service.Logs.Entries.Any(entry => entry.EventId.Id == 4003), "consuming pauses");
            await Eventually.EqualAsync(50u, () => world.ReadyAsync(Queue), "messages back in the queue");
            service.Logs.Entries.Where(entry => entry.EventId.Id == 6002).Select(entry => entry.Exception!.ToString()).ShouldContain(text => text.Contains("57P03", StringComparison.Ordinal));
        }
        finally
        {
            await lingering.CloseAsync();
            await postgres.StopAsync();
            await postgres.StartAsync();
        }

        await Eventually.EqualAsync(Enumerable.Range(0, 50), world.EffectsAsync, "effects", TimeSpan.FromSeconds(60));
        await NothingWasCountedAsync(world, service);
    }

    /// <summary>As the old primary after a switchover: it answers whatever only reads.</summary>
    [Fact]
    public async Task That_takes_no_writes_costs_no_attempt()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup => Handle(setup));
        await service.ConsumingAsync();
        await world.Database.ExecuteAsync("DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = on', current_database()); END $$");
        await EndSessionsAsync();

        await PublishAsync(world, 0, 20);
        await Eventually.TrueAsync(() => service.Logs.Entries.Any(entry => entry.EventId.Id == 4003), "consuming pauses");
        await Eventually.EqualAsync(20u, () => world.ReadyAsync(Queue), "messages back in the queue");
        await using (var writing = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(world.Database.ConnectionString) { Options = "-c default_transaction_read_only=off" }.ConnectionString))
        {
            await writing.OpenAsync();
            await using var reset = new NpgsqlCommand("DO $$ BEGIN EXECUTE format('ALTER DATABASE %I RESET default_transaction_read_only', current_database()); END $$", writing);
            await reset.ExecuteNonQueryAsync();
        }

        await EndSessionsAsync();

        await Eventually.EqualAsync(Enumerable.Range(0, 20), world.EffectsAsync, "effects", TimeSpan.FromSeconds(60));
        await NothingWasCountedAsync(world, service);

        // Those that are open keep the setting that they began with.
        async Task EndSessionsAsync()
        {
            await world.Database.QueryAsync<bool>("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()");
            world.Database.DataSource.Clear();
        }
    }

    [Fact]
    public async Task With_a_full_disk_it_costs_no_attempt()
    {
        Assert.SkipUnless(await PrivatePostgres.MayHaveDiskAsync(), "File systems may not be mounted here.");
        await using var postgres = await PrivatePostgres.CreateAsync(withDisk: true);
        await using var world = await World.CreateAsync(postgres: postgres.Server);
        await using var service = await world.StartAsync(setup => Handle(setup));
        await service.ConsumingAsync();
        await postgres.FillDiskAsync();

        // Some still find room in pages that there are.
        await PublishAsync(world, 0, 400);
        await Eventually.TrueAsync(() => service.Logs.Entries.Any(entry => entry.EventId.Id == 4003), "consuming pauses");
        service.Logs.Entries.First(entry => entry.EventId.Id == 6002).Exception.ShouldBeOfType<PostgresException>().SqlState.ShouldBe(PostgresErrorCodes.DiskFull);
        await Eventually.TrueAsync(async () => await world.ReadyAsync(Queue) + (await world.EffectsAsync()).Count() == 400, "the rest is back in the queue");
        await postgres.DrainDiskAsync();

        await Eventually.EqualAsync(Enumerable.Range(0, 400), world.EffectsAsync, "effects", TimeSpan.FromSeconds(60));
        await NothingWasCountedAsync(world, service);
    }

    [Fact]
    public async Task With_a_disk_too_full_for_a_session_to_begin_a_service_starts_and_waits()
    {
        Assert.SkipUnless(await PrivatePostgres.MayHaveDiskAsync(), "File systems may not be mounted here.");
        await using var postgres = await PrivatePostgres.CreateAsync(withDisk: true);
        await using var world = await World.CreateAsync(postgres: postgres.Server);
        await using (var before = await world.StartAsync(setup => Handle(setup)))
        {
            await before.ConsumingAsync();
            await PublishAsync(world, 0, 1);
            await Eventually.EqualAsync([0], world.EffectsAsync, "the first effect");
            await before.StopAsync();
        }

        // The server writes this file when it is missing, before a session begins.
        await world.Database.ExecuteAsync(
            "DO $$ BEGIN EXECUTE format('COPY (SELECT 1) TO PROGRAM %L', 'rm ' || regexp_replace(pg_relation_filepath('pg_class'), '[^/]*$', 'pg_internal.init')); END $$");
        NpgsqlConnection.ClearAllPools();
        await postgres.FillDiskAsync();
        await using var service = await world.StartAsync(setup => Handle(setup));
        await PublishAsync(world, 1, 50);
        (await service.Logs.WaitForAsync(entry => entry.EventId.Id == 8001, "the database cannot be reached")).Message.ShouldContain("could not write init file");
        await postgres.DrainDiskAsync();

        await Eventually.EqualAsync(Enumerable.Range(0, 51), world.EffectsAsync, "effects", TimeSpan.FromSeconds(60));
        await NothingWasCountedAsync(world, service);
    }

    [Fact]
    public async Task A_pool_that_is_exhausted_costs_no_attempt()
    {
        await using var world = await World.CreateAsync();
        var gate = new Gate("handlers that have all connections");
        await using var service = await world.StartAsync(setup =>
        {
            setup.ConnectionString = new NpgsqlConnectionStringBuilder(setup.ConnectionString) { MaxPoolSize = 3, Timeout = 1 }.ConnectionString;
            Handle(setup, message => message.Number < 20 ? gate.PassAsync() : Task.CompletedTask);
        });
        await service.ConsumingAsync();
        await PublishAsync(world, 0, 40);
        await gate.WaitForCallersAsync(3);

        // The others are refused for as long as these run.
        await Eventually.TrueAsync(() => service.Logs.Entries.Count(entry => entry.EventId.Id == 5009) >= 10, "many found no connection");
        gate.Open();

        await Eventually.EqualAsync(Enumerable.Range(0, 40), world.EffectsAsync, "effects", TimeSpan.FromSeconds(60));
        await NothingWasCountedAsync(world, service);
    }

    private void Handle(TestServiceSetup setup, Func<Numbered, Task>? before = null) => setup.HandleNumbered(retry: "", before: (message, context) =>
    {
        _deliveryCounts.Add(context.Headers.TryGetValue("x-delivery-count", out var count) ? Convert.ToInt64(count, CultureInfo.InvariantCulture) : 0);
        return before?.Invoke(message) ?? Task.CompletedTask;
    });

    private async Task NothingWasCountedAsync(World world, TestService service)
    {
        (await world.CountAsync("failure")).ShouldBe(0);
        (await world.CountAsync("dead_letter")).ShouldBe(0);
        _deliveryCounts.Max().ShouldBeLessThan(20);
        await world.ShouldHaveSettledAllAsync(service, Queue, Queue + ".dead");
    }

    private static async Task PublishAsync(World world, int first, int count)
    {
        for (var number = first; number < first + count; number++)
        {
            await world.Broker.PublishAsync(
                "tests", "tests.numbered.v1", Encoding.UTF8.GetBytes($"{{\"number\":{number}}}"),
                new BasicProperties { MessageId = $"number-{number}", Type = "tests.numbered.v1", ContentType = "application/json" });
        }
    }
}

using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Npgsql;
using ReliableMq.Integration.Support;
using ReliableMq.Storage;
using ReliableMq.TestSupport;
using Xunit;

namespace ReliableMq.Integration.Hosting;

public class Bad_input_stops_the_start
{
    [Fact]
    public async Task A_missing_schema_stops_the_start_and_names_the_remedy()
    {
        await using var world = await World.CreateAsync();

        var error = await Should.ThrowAsync<ReliableMqException>(() => world.StartAsync(setup => setup.Settings["Database:CreateSchema"] = "false"));

        error.Message.ShouldBe(
            $"The schema \"reliable_mq\" is missing in the database \"{world.Database.Name}\" of \"TestDb\". Apply the script that ReliableMqSchema.Script(\"reliable_mq\") returns, or set \"ReliableMq:Database:CreateSchema\" to true in development.");
    }

    [Fact]
    public async Task A_schema_that_is_too_old_stops_the_start()
    {
        await using var world = await World.CreateAsync();
        await world.Database.ExecuteAsync(ReliableMqSchema.Script());
        await world.Database.ExecuteAsync("UPDATE reliable_mq.schema_version SET version = 0");

        var error = await Should.ThrowAsync<ReliableMqException>(() => world.StartAsync(setup => setup.Settings["Database:CreateSchema"] = "false"));

        error.Message.ShouldBe(
            $"The schema \"reliable_mq\" in the database \"{world.Database.Name}\" has version 0, but this version of ReliableMq needs 1. Apply the script that ReliableMqSchema.Script(\"reliable_mq\") returns.");
    }

    [Fact]
    public async Task A_schema_of_the_next_release_is_accepted_and_a_later_one_stops_the_start()
    {
        await using var world = await World.CreateAsync();
        await world.Database.ExecuteAsync(ReliableMqSchema.Script());
        await world.Database.ExecuteAsync("INSERT INTO reliable_mq.schema_version (version) VALUES (2)");
        await using (await world.StartAsync(setup => setup.Settings["Database:CreateSchema"] = "false"))
        {
        }

        await world.Database.ExecuteAsync("INSERT INTO reliable_mq.schema_version (version) VALUES (3)");

        var error = await Should.ThrowAsync<ReliableMqException>(() => world.StartAsync());

        error.Message.ShouldBe(
            $"The schema \"reliable_mq\" in the database \"{world.Database.Name}\" has version 3, but this version of ReliableMq works with 1 and 2. Update ReliableMq in this service.");
    }

    [Fact]
    public async Task The_script_can_be_applied_again_and_its_rights_suffice_for_work()
    {
        await using var world = await World.CreateAsync();
        await world.Database.ExecuteAsync(ReliableMqSchema.Script());
        await world.Database.ExecuteAsync(ReliableMqSchema.Script());

        await using var service = await world.StartAsync(setup =>
        {
            setup.Settings["Database:CreateSchema"] = "false";
            setup.HandleNumbered();
        });
        await service.SaveAsync(new Numbered(1));

        await Eventually.EqualAsync([1], world.EffectsAsync, "effects");
    }

    [Fact]
    public async Task The_script_waits_for_another_process_that_applies_it_and_finds_what_that_created()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var first = await database.DataSource.OpenConnectionAsync();
        await using var second = await database.DataSource.OpenConnectionAsync();
        // A connection that has created something, and has looked for the schema in vain, believes that it is not there.
        await ExecuteAsync(second, "CREATE TEMPORARY TABLE other ()");
        (await Should.ThrowAsync<PostgresException>(() => ExecuteAsync(second, "SELECT FROM reliable_mq.schema_version"))).SqlState.ShouldBe(PostgresErrorCodes.UndefinedTable);

        await using var creating = await first.BeginTransactionAsync();
        await ExecuteAsync(first, ReliableMqSchema.Script());
        var waiting = ExecuteAsync(second, ReliableMqSchema.Script());
        await Eventually.TrueAsync(() => database.ScalarAsync<bool>("SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))"), "it waits");
        await creating.CommitAsync();

        await waiting;
        (await database.ScalarAsync<int>("SELECT max(version) FROM reliable_mq.schema_version")).ShouldBe(SchemaScript.Version);

        static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
        {
            await using var command = new NpgsqlCommand(sql, connection);
            await command.ExecuteNonQueryAsync();
        }
    }

    [Fact]
    public async Task Every_wrong_option_is_named_at_once()
    {
        await using var world = await World.CreateAsync();

        var error = await Should.ThrowAsync<OptionsValidationException>(() => world.StartAsync(setup =>
        {
            setup.HandleNumbered(retry: "soon");
            setup.Settings["Broker:Hosts"] = "";
            setup.Settings["Outbox:Lease"] = "00:00:01";
        }));

        error.Failures.ShouldBe(
        [
            "\"ReliableMq:Broker:Hosts\" is missing. Name at least one RabbitMQ host, like \"localhost:5672\".",
            "\"ReliableMq:Broker:Heartbeat\" is 00:00:05. Use 00:00:01 to 00:00:00.1666667, a sixth of \"ReliableMq:Outbox:Lease\": the broker drops a silent connection within three heartbeats, and what a process that was stopped after half a lease still had in its buffers must not arrive when the lease is over.",
            "\"ReliableMq:Broker:ConfirmTimeout\" is 00:00:10. Use 00:00:01 to 00:00:00.5000000, half of \"ReliableMq:Outbox:Lease\".",
            "\"ReliableMq:Outbox:Lease\" is 00:00:01. Use 00:00:10 to 00:10:00.",
            "Retry of the queue \"tests.numbers\" (\"ReliableMq:Queues:tests.numbers\" or [MessageHandler]) is \"soon\", which is not a list of durations. Write at most 100, separated by commas, each a number and ms, s, m or h, like \"1s, 10s, 1m, 10m\"; or doubling ones, the first, the longest and how many, like \"1s..10m x12\"; an empty text means a single attempt.",
        ]);
    }

    [Fact]
    public async Task A_schema_of_another_service_stops_the_start()
    {
        await using var world = await World.CreateAsync();
        await using var owner = await world.StartAsync();
        await using var second = await world.StartAsync();

        var error = await Should.ThrowAsync<ReliableMqException>(() => world.StartAsync(setup => setup.Settings["Service"] = "stranger"));

        error.Message.ShouldStartWith(
            $"The schema \"reliable_mq\" in the database \"{world.Database.Name}\" belongs to the service \"tests\", but this is \"stranger\": each would send the other's messages. ");
    }

    [Fact]
    public async Task A_context_that_was_never_registered_stops_the_start()
    {
        await using var world = await World.CreateAsync();
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddReliableMq(options => options.Broker.Hosts = world.Addresses.BrokerHost).AddOutbox<TestDb>();
        using var host = builder.Build();

        var error = await Should.ThrowAsync<ReliableMqException>(() => host.StartAsync());

        error.Message.ShouldStartWith("The context \"TestDb\" cannot be made: ");
        error.Message.ShouldEndWith(" Register it with AddDbContext, AddDbContextPool or AddDbContextFactory and UseNpgsql.");
    }
}

using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using ReliableMq.Integration.Support;
using ReliableMq.TestSupport;
using Xunit;

namespace ReliableMq.Integration;

public class Storing_in_several_schemas
{
    [Fact]
    public async Task Contexts_with_schemas_of_their_own_on_one_database_never_see_the_others_rows()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup =>
        {
            setup.HandleNumbered();
            setup.AddSecond("second_mq");
        });

        await service.SaveAsync(new Elsewhere(1), new Numbered(1));
        await service.SaveSecondAsync(new Elsewhere(2), new Numbered(2));

        await Eventually.EqualAsync([1, 2], world.EffectsAsync, "effects");
        await Eventually.EqualAsync(["reliable_mq elsewhere.other.v1", "second_mq elsewhere.other.v1"], () => NamesAsync(world, "outbox"), "rows left");
        (await NamesAsync(world, "outbox_history")).ShouldBe(["reliable_mq tests.numbered.v1", "second_mq tests.numbered.v1"]);
        (await NodesAsync(world, "reliable_mq", "second_mq")).Distinct().Count().ShouldBe(2);
    }

    [Fact]
    public async Task Two_services_in_one_process_and_one_database_keep_their_messages_and_failures_apart()
    {
        await using var world = await World.CreateAsync();
        await using var first = await world.StartAsync(setup => Own(setup, "first"));
        await using var second = await world.StartAsync(setup => Own(setup, "second"));
        await first.ConsumingAsync();
        await second.ConsumingAsync();

        await first.SaveAsync(new Numbered(1), new Numbered(-1));
        await second.SaveAsync(new Numbered(2));

        // Both have a queue for it, so each number has two effects; only the first service fails.
        await Eventually.EqualAsync([-1, 1, 1, 2, 2], world.EffectsAsync, "effects");
        await Eventually.EqualAsync(1, () => first.DeadLetters.ListAsync().CountAsync().AsTask(), "dead letters of the first");
        (await second.DeadLetters.ListAsync().CountAsync()).ShouldBe(0);
        (await CountAsync(world, "first_mq.outbox_history")).ShouldBe(2);
        (await CountAsync(world, "second_mq.outbox_history")).ShouldBe(1);
        (await CountAsync(world, "first_mq.inbox")).ShouldBe(2);
        (await CountAsync(world, "second_mq.inbox")).ShouldBe(3);

        static void Own(TestServiceSetup setup, string name)
        {
            setup.Settings["Service"] = name;
            setup.Settings["Database:Schema"] = $"{name}_mq";
            setup.HandleNumbered($"tests.{name}", retry: "", before: (message, _) =>
                message.Number < 0 && name == "first" ? throw new InvalidOperationException("negative") : Task.CompletedTask);
        }
    }

    [Fact]
    public async Task Contexts_that_share_tables_share_a_dispatcher()
    {
        await using var world = await World.CreateAsync();
        // Only the hand-over can be fast: the poll would take a minute.
        await using var service = await world.StartAsync(setup =>
        {
            setup.HandleNumbered();
            setup.AddSecond();
            setup.Settings["Outbox:PollInterval"] = "00:01:00";
        });
        await service.ConsumingAsync();

        await service.SaveAsync([.. Enumerable.Range(0, 50).Select(number => new Numbered(number))]);
        await service.SaveSecondAsync([.. Enumerable.Range(50, 50).Select(number => new Numbered(number))]);
        await using (var connection = await world.Database.DataSource.OpenConnectionAsync())
        await using (var transaction = await connection.BeginTransactionAsync())
        {
            // Either context means the same tables, so there is nothing to choose.
            await service.Host.Services.GetRequiredService<IOutbox>().AddAsync(transaction, new Numbered(100));
            await transaction.CommitAsync();
        }

        await Eventually.EqualAsync(Enumerable.Range(0, 101), world.EffectsAsync, "effects", TimeSpan.FromSeconds(20));
        (await NodesAsync(world, "reliable_mq")).ShouldHaveSingleItem();
        (await world.Database.QueryAsync<int>("SELECT DISTINCT attempts FROM reliable_mq.outbox_history")).ShouldBe([1]);
        await service.SaveSecondAsync(new Elsewhere(1));
        (await service.Host.Services.GetRequiredService<IPendingMessages>().ListAsync().CountAsync()).ShouldBe(1);
    }

    [Fact]
    public async Task Contexts_that_cannot_be_seen_to_share_tables_are_as_safe_as_two_processes()
    {
        await using var world = await World.CreateAsync();
        var otherwise = new NpgsqlConnectionStringBuilder(world.Database.ConnectionString);
        otherwise.Host = otherwise.Host == "localhost" ? "127.0.0.1" : "localhost";
        await using var service = await world.StartAsync(setup =>
        {
            setup.HandleNumbered();
            setup.AddSecond(connectionString: otherwise.ConnectionString);
        });

        await service.SaveAsync([.. Enumerable.Range(0, 50).Select(number => new Numbered(number))]);
        await service.SaveSecondAsync([.. Enumerable.Range(50, 50).Select(number => new Numbered(number))]);

        await Eventually.EqualAsync(Enumerable.Range(0, 100), world.EffectsAsync, "effects");
        await Eventually.EqualAsync(100, () => world.CountAsync("outbox_history"), "sent rows");
        (await NodesAsync(world, "reliable_mq")).Distinct().Count().ShouldBe(2);
    }

    [Fact]
    public async Task A_database_with_several_outboxes_is_told_apart_by_the_context()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup =>
        {
            setup.HandleNumbered();
            setup.AddSecond("second_mq");
        });
        await using var connection = await world.Database.DataSource.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();

        var error = await Should.ThrowAsync<ReliableMqException>(() => service.Host.Services.GetRequiredService<IOutbox>().AddAsync(transaction, new Numbered(1)));
        await service.Host.Services.GetRequiredService<IOutbox<SecondDb>>().AddAsync(transaction, new Numbered(2));
        await transaction.CommitAsync();

        var server = new NpgsqlConnectionStringBuilder(world.Database.ConnectionString);
        error.Message.ShouldBe(
            $"The message \"tests.numbered.v1\" was added on the database \"{server.Host}:{server.Port}/{world.Database.Name}\", which has the outboxes of several contexts: \"SecondDb\" in the schema \"second_mq\", \"TestDb\" in the schema \"reliable_mq\". Say which one by using IOutbox<TestDb> or another of them instead of IOutbox.");
        await Eventually.EqualAsync([2], world.EffectsAsync, "effects");
        await Eventually.EqualAsync(1, () => CountAsync(world, "second_mq.outbox_history"), "sent rows");
    }

    [Fact]
    public async Task The_outbox_of_a_context_refuses_a_transaction_on_the_database_of_another()
    {
        await using var world = await World.CreateAsync();
        await using var elsewhere = await TestDatabase.CreateAsync();
        await using var service = await world.StartAsync(setup => setup.AddSecond(connectionString: elsewhere.ConnectionString));
        await using var connection = await elsewhere.DataSource.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();

        var error = await Should.ThrowAsync<ReliableMqException>(() => service.Host.Services.GetRequiredService<IOutbox<TestDb>>().AddAsync(transaction, new Elsewhere(1)));

        var server = new NpgsqlConnectionStringBuilder(world.Database.ConnectionString);
        error.Message.ShouldBe(
            $"The message \"elsewhere.other.v1\" was added on the database \"{server.Host}:{server.Port}/{elsewhere.Name}\", but the outbox of \"TestDb\" is in \"{server.Host}:{server.Port}/{world.Database.Name}\". Add it in a transaction there, or use the IOutbox of a context of this database.");
        await service.Host.Services.GetRequiredService<IOutbox<SecondDb>>().AddAsync(transaction, new Elsewhere(1));
    }

    [Fact]
    public async Task A_context_whose_connection_was_exchanged_for_one_to_another_database_is_refused()
    {
        await using var world = await World.CreateAsync();
        await using var tenant = await TestDatabase.CreateAsync();
        await tenant.ExecuteAsync(ReliableMqSchema.Script());
        await using var service = await world.StartAsync(setup => setup.Pooled = false);

        ReliableMqException? error = null;
        await service.UseAsync(async db =>
        {
            db.Database.SetConnectionString(tenant.ConnectionString);
            db.AddMessage(new Elsewhere(1));
            error = await Should.ThrowAsync<ReliableMqException>(() => db.SaveChangesAsync());
            // Nothing is lost: on its own database the same message is saved.
            db.Database.SetConnectionString(world.Database.ConnectionString);
            await db.SaveChangesAsync();
        });

        var server = new NpgsqlConnectionStringBuilder(world.Database.ConnectionString);
        error!.Message.ShouldBe(
            $"The message \"elsewhere.other.v1\" was added to a \"TestDb\" on the database \"{server.Host}:{server.Port}/{tenant.Name}\", but its outbox is sent from \"{server.Host}:{server.Port}/{world.Database.Name}\". Give the context the connection that it is registered with, or register another context for that database with AddOutbox.");
        (await tenant.ScalarAsync<long>("SELECT count(*) FROM reliable_mq.outbox")).ShouldBe(0);
        (await world.CountAsync("outbox")).ShouldBe(1);
    }

    [Fact]
    public async Task The_same_tables_in_two_databases_have_a_dispatcher_each()
    {
        await using var world = await World.CreateAsync();
        await using var elsewhere = await TestDatabase.CreateAsync();
        await using var service = await world.StartAsync(setup =>
        {
            setup.HandleNumbered();
            setup.AddSecond(connectionString: elsewhere.ConnectionString);
        });

        await service.SaveAsync(new Numbered(1));
        await service.SaveSecondAsync(new Numbered(2));

        await Eventually.EqualAsync([1, 2], world.EffectsAsync, "effects");
        await Eventually.EqualAsync(1, () => world.CountAsync("outbox_history"), "sent rows of the first");
        await Eventually.EqualAsync(1, () => elsewhere.ScalarAsync<long>("SELECT count(*) FROM reliable_mq.outbox_history"), "sent rows of the second");
    }

    private static async Task<IEnumerable<string>> NamesAsync(World world, string table) => await world.Database.QueryAsync<string>(
        $"SELECT 'reliable_mq ' || name FROM reliable_mq.{table} UNION ALL SELECT 'second_mq ' || name FROM second_mq.{table} ORDER BY 1");

    private static async Task<List<Guid>> NodesAsync(World world, params string[] schemas)
    {
        var nodes = new List<Guid>();
        foreach (var schema in schemas)
        {
            nodes.AddRange(await world.Database.QueryAsync<Guid>($"SELECT id FROM {schema}.node"));
        }

        return nodes;
    }

    private static Task<long> CountAsync(World world, string table) => world.Database.ScalarAsync<long>($"SELECT count(*) FROM {table}");
}

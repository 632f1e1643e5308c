using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using RabbitMQ.Client;
using ReliableMq.Integration.Support;
using ReliableMq.Scheduling;
using ReliableMq.TestSupport;
using Xunit;

namespace ReliableMq.Integration;

public class Dead_letters_that_are_stuck
{
    private const string Queue = "tests.numbers", DeadLetterQueue = "tests.numbers.dead";

    [Fact]
    public async Task Those_that_nobody_takes_from_their_queue_are_told_until_they_are_stored()
    {
        await using var world = await World.CreateAsync();
        await using (var declaring = await world.StartAsync(setup => setup.HandleNumbered()))
        {
            await declaring.ConsumingAsync();
        }

        await world.Broker.AllowReadingAsync(@"^tests\.numbers$");
        await using var service = await world.StartAsync(setup => setup.HandleNumbered());
        for (var number = 0; number < 3; number++)
        {
            await world.Broker.PublishAsync("", DeadLetterQueue, """{"number":1}""", new BasicProperties { MessageId = $"m-{number}", Type = "tests.numbered.v1" });
        }

        await Eventually.EqualAsync(3u, () => world.ReadyAsync(DeadLetterQueue), "waiting dead letters");
        await Eventually.TrueAsync(() => service.Logs.Entries.Any(entry => entry.EventId.Id == 4004), "the monitor cannot consume");
        for (var look = 0; look < 5; look++)
        {
            await RunAsync(service, "dead-letter-backlog");
        }

        await Eventually.EqualAsync("dead-letter-backlog tests.numbers.dead error",
            () => world.Database.ScalarAsync<string>("SELECT min(kind || ' ' || group_key || ' ' || severity) FROM reliable_mq.alert"), "the alert");
        var health = (await service.HealthAsync()).Entries["reliable-mq-dead-letter-queues"];
        health.Status.ShouldBe(HealthStatus.Degraded);
        health.Description!.ShouldStartWith("3 dead letter(s) wait in the queue \"tests.numbers.dead\" and are not stored: ");
        (await service.HealthAsync()).Entries["reliable-mq-open-alerts"].Description!.ShouldContain("dead-letter-backlog \"tests.numbers.dead\" (");

        await world.Broker.AllowReadingAsync(".*");

        await Eventually.EqualAsync(3, async () => await service.DeadLetters.ListAsync().CountAsync(), "dead letters", TimeSpan.FromMinutes(2));
        await RunAsync(service, "dead-letter-backlog");
        (await service.HealthAsync()).Entries["reliable-mq-dead-letter-queues"].Status.ShouldBe(HealthStatus.Healthy);
    }

    [Fact]
    public async Task A_few_that_wait_a_moment_are_not_told()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup => setup.HandleNumbered());
        await service.ConsumingAsync();
        await using var gate = await world.Database.DataSource.OpenConnectionAsync();
        await using var transaction = await gate.BeginTransactionAsync();
        await using (var hold = new Npgsql.NpgsqlCommand("LOCK TABLE reliable_mq.dead_letter IN ACCESS EXCLUSIVE MODE", gate))
        {
            await hold.ExecuteNonQueryAsync();
        }

        // More than the monitor fetches ahead.
        for (var number = 0; number < 60; number++)
        {
            await world.Broker.PublishAsync("", DeadLetterQueue, """{"number":1}""", new BasicProperties { MessageId = $"m-{number}", Type = "tests.numbered.v1" });
        }

        await Eventually.EqualAsync(10u, () => world.ReadyAsync(DeadLetterQueue), "waiting dead letters");
        await RunAsync(service, "dead-letter-backlog");
        await RunAsync(service, "dead-letter-backlog");
        await transaction.CommitAsync();
        await Eventually.EqualAsync(0u, () => world.ReadyAsync(DeadLetterQueue), "waiting dead letters");
        for (var look = 0; look < 5; look++)
        {
            await RunAsync(service, "dead-letter-backlog");
        }

        (await world.Database.ScalarAsync<long>("SELECT (SELECT count(*) FROM reliable_mq.alert WHERE kind = 'dead-letter-backlog') + (SELECT count(*) FROM reliable_mq.alert_raise WHERE kind = 'dead-letter-backlog')")).ShouldBe(0);
    }

    [Fact]
    public async Task Those_of_handlers_without_a_database_are_told_where_the_service_has_one()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup => setup.HandleWithoutInbox<Numbered>(Queue, (_, _) => throw new PermanentFailureException("Never.")));
        await service.ConsumingAsync();
        await service.SaveAsync(new Numbered(1));
        await Eventually.EqualAsync(1u, () => world.ReadyAsync(DeadLetterQueue), "waiting dead letters");

        await RunAsync(service, "dead-letter-backlog");

        await Eventually.EqualAsync("1 dead letter(s) of handlers without a database wait in the queue \"tests.numbers.dead\". Take them from there.",
            () => world.Database.ScalarAsync<string>("SELECT min(text) FROM reliable_mq.alert WHERE kind = 'dead-letter-backlog'"), "the alert");
    }

    [Fact]
    public async Task Those_that_the_broker_cannot_bring_are_told_by_the_management_plugin()
    {
        await using var world = await World.CreateAsync();
        await using (var declaring = await world.StartAsync(setup => setup.HandleNumbered()))
        {
            await declaring.ConsumingAsync();
        }

        // A dead-letter queue that takes nothing more.
        await world.Broker.AllowReadingAsync(@"^(tests|tests\.numbers)$");
        await world.Broker.SetPolicyAsync("full", @"^tests\.numbers\.dead$", new Dictionary<string, object> { ["max-length"] = 1, ["overflow"] = "reject-publish" });
        await using var service = await world.StartAsync(setup =>
        {
            setup.HandleNumbered(retry: "", before: (_, _) => throw new InvalidOperationException("broken"));
            setup.Settings["Broker:ManagementUrl"] = world.Broker.ManagementUri.ToString();
        });
        await Eventually.TrueAsync(() => service.Logs.Entries.Any(entry => entry.EventId.Id == 4001), "the handlers' consumer has started");
        await service.SaveAsync([.. Enumerable.Range(0, 10).Select(number => new Numbered(number))]);
        await Eventually.EqualAsync(10, async () => await service.DeadLetters.ListAsync().CountAsync(), "dead letters");

        await Eventually.TrueAsync(async () =>
        {
            await RunAsync(service, "dead-letter-backlog");
            return (await service.HealthAsync()).Entries["reliable-mq-dead-letter-queues"].Description!.Contains(
                "dead letter(s) are held by the queue \"tests.numbers\", because the broker cannot bring them to \"tests.numbers.dead\". Look for a queue that is missing, full, or without a quorum.", StringComparison.Ordinal);
        }, "told", TimeSpan.FromMinutes(2));
    }

    [Fact]
    public async Task A_key_whose_messages_are_parked_for_long_is_told_with_what_holds_it()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup => setup.HandleNumbered());
        await service.ConsumingAsync();
        await world.Database.ExecuteAsync(
            """
            INSERT INTO reliable_mq.failure (queue, message_id, epoch, attempts, state, ordering_key)
            VALUES ('tests.numbers', 'lost', 0, 2, 'failing', 'k'), ('tests.numbers', 'fresh', 0, 1, 'failing', 'l');
            INSERT INTO reliable_mq.parked (queue, message_id, ordering_key, epoch, name, content_type, headers, body, parked_at)
            SELECT 'tests.numbers', 'p' || number, key, 1, 'n', '', '{}', '', clock_timestamp() - CASE key WHEN 'k' THEN interval '61 minutes' ELSE interval '59 minutes' END
            FROM generate_series(1, 3) AS number, unnest(ARRAY['k', 'l']) AS key ON CONFLICT DO NOTHING
            """);
        await world.Database.ExecuteAsync(
            """
            INSERT INTO reliable_mq.parked (queue, message_id, ordering_key, epoch, name, content_type, headers, body, parked_at)
            SELECT 'tests.numbers', 'q1', 'l', 1, 'n', '', '{}', '', clock_timestamp() - interval '59 minutes'
            """);

        await RunAsync(service, "held-keys");

        // How often is left open: the schedule may have looked as well.
        await Eventually.EqualAsync("parked tests.numbers lost",
            () => world.Database.ScalarAsync<string>("SELECT string_agg(kind || ' ' || group_key || ' ' || (examples -> 0 ->> 'messageId'), ', ') FROM reliable_mq.alert"), "the alert");
        (await world.Database.ScalarAsync<string>("SELECT examples -> 0 ->> 'reason' FROM reliable_mq.alert"))!.ShouldMatch("^It holds the ordering key \"k\" since .*, failing after 2 attempt\\(s\\)\\.$");
    }

    private static Task RunAsync(TestService service, string work) =>
        service.Host.Services.GetServices<IScheduledWork>().Single(one => one.Name == work).RunOnceAsync(CancellationToken.None);
}

using Microsoft.Extensions.DependencyInjection;
using ReliableMq.Integration.Support;
using ReliableMq.Outbox;
using ReliableMq.Storage;
using ReliableMq.TestSupport;
using Xunit;

namespace ReliableMq.Integration.Laws;

public class Sent_means_confirmed_and_not_returned
{
    [Fact]
    public async Task Without_a_binding_the_row_stays_with_the_reason_and_leaves_when_the_binding_appears()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync();

        await service.SaveAsync(new Numbered(1));

        var row = await Eventually.FoundAsync(
            async () => (await world.OutboxAsync()).Find(row => row.ErrorKind is not null), "a row with an error");
        row.ErrorKind.ShouldBe("returned");
        row.Error.ShouldBe("The broker returned the message: 312 NO_ROUTE (exchange \"tests\", routing key \"tests.numbered.v1\").");
        (await world.CountAsync("outbox_history")).ShouldBe(0);

        await world.BindPlainQueueAsync("late", "tests", "tests.*.v1");

        await Eventually.EqualAsync(1, () => world.CountAsync("outbox_history"), "rows in the history");
        (await world.Broker.GetAsync("late")).ShouldNotBeNull().BasicProperties.MessageId.ShouldBe(row.MessageId);
    }

    [Fact]
    public async Task A_queue_that_refuses_leaves_exactly_the_accepted_message_sent()
    {
        await using var world = await World.CreateAsync();
        await world.BindPlainQueueAsync("full", "tests", "tests.numbered.v1", new()
        {
            ["x-queue-type"] = "classic",
            ["x-max-length"] = 1,
            ["x-overflow"] = "reject-publish",
        });
        await using var service = await world.StartAsync();

        await service.SaveAsync([.. Enumerable.Range(0, 5).Select(number => new Numbered(number))]);

        await Eventually.EqualAsync(4, async () => (await world.OutboxAsync()).Count(row => row.ErrorKind == "nacked"), "nacked rows");
        await Eventually.EqualAsync(1, () => world.CountAsync("outbox_history"), "rows in the history");
        (await world.OutboxAsync()).ShouldAllBe(row => row.Error == "The broker refused the message (basic.nack).");
    }

    [Fact]
    public async Task Lost_answers_leave_every_row_unsent_and_each_effect_happens_once()
    {
        await using var world = await World.CreateAsync();
        await using var proxy = await TcpProxy.StartAsync(world.Broker.HostName, world.Broker.Port);
        await using var consumer = await world.StartAsync(setup => setup.HandleNumbered());
        await using var producer = await world.StartAsync(setup =>
        {
            setup.Through(proxy);
            setup.Settings["Broker:ConfirmTimeout"] = "00:00:01";
            setup.Settings["Broker:Heartbeat"] = "00:00:01";
        });
        await producer.SaveAsync(new Numbered(-1));
        await Eventually.EqualAsync([-1], world.EffectsAsync, "the first effect");
        await Eventually.EqualAsync(1, () => world.CountAsync("outbox_history"), "sent rows");

        proxy.DropAnswers = true;
        await producer.SaveAsync([.. Enumerable.Range(0, 50).Select(number => new Numbered(number))]);

        // The broker has them and they are handled, but no confirm arrives: nothing may be called sent.
        await Eventually.EqualAsync(51, async () => (await world.EffectsAsync()).Count(), "effects");
        (await world.CountAsync("outbox_history")).ShouldBe(1);

        proxy.DropAnswers = false;
        proxy.ResetAll();

        await Eventually.EqualAsync(0, () => world.CountAsync("outbox"), "rows left in the outbox", TimeSpan.FromSeconds(60));
        (await world.EffectsAsync()).ShouldBe(Enumerable.Range(-1, 51));
    }

    [Fact]
    public async Task A_large_body_is_read_when_it_is_published_and_arrives_whole()
    {
        await using var world = await World.CreateAsync();
        await world.BindPlainQueueAsync("target", "tests", "#");
        await using var service = await world.StartAsync();
        var text = new string('x', OutboxSql.LargeBody);
        await service.SaveAsync(new Numbered(1, text), new Numbered(2), new Numbered(3, text + "y"));

        await Eventually.EqualAsync(3, () => world.CountAsync("outbox_history"), "messages sent");
        var bodies = new List<Numbered>();
        while (await world.Broker.GetAsync("target") is { } got)
        {
            bodies.Add(System.Text.Json.JsonSerializer.Deserialize<Numbered>(got.Body.Span, System.Text.Json.JsonSerializerOptions.Web)!);
        }

        bodies.OrderBy(message => message.Number).ShouldBe([new Numbered(1, text), new Numbered(2), new Numbered(3, text + "y")]);
    }

    [Fact]
    public async Task A_batch_of_rows_brings_no_large_bodies_into_memory()
    {
        await using var world = await World.CreateAsync();
        await (await world.StartAsync()).DisposeAsync();
        await world.Database.ExecuteAsync(
            """
            INSERT INTO reliable_mq.outbox (id, message_id, name, exchange, routing_key, content_type, body, created_at, available_at)
            SELECT gen_random_uuid(), 'm' || bytes, 'n', 'e', 'r', 'c', convert_to(repeat('x', bytes), 'UTF8'), clock_timestamp(), clock_timestamp()
            FROM unnest(ARRAY[65536, 65537, 1000000]) AS bytes
            """);
        await using var service = world.Build();
        var table = new OutboxTable(new ServiceDatabase(typeof(TestDb), service.Host.Services.GetRequiredService<ReliableMqOptions>(), Node.Create(), ContextScopes.For(world)));

        var rows = (await table.PollAsync(10, 10, DateTime.UnixEpoch, CancellationToken.None)).Rows.OrderBy(row => row.MessageId.Length).ThenBy(row => row.MessageId).ToList();

        rows.Select(row => row.Body?.Length).ShouldBe([65536, null, null]);
        (await table.ReadBodyAsync(rows[2].Id, CancellationToken.None)).ShouldNotBeNull().Length.ShouldBe(1_000_000);
        (await table.ReadBodyAsync(Guid.NewGuid(), CancellationToken.None)).ShouldBeNull();
    }

    [Fact]
    public async Task A_deleted_exchange_is_declared_again_and_nothing_is_lost()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync();
        await world.BindPlainQueueAsync("target", "tests", "tests.numbered.v1");
        await service.SaveAsync(new Numbered(1));
        await Eventually.EqualAsync(1, () => world.CountAsync("outbox_history"), "rows in the history");

        await world.Broker.UseChannelAsync(channel => channel.ExchangeDeleteAsync("tests"));
        await service.SaveAsync(new Numbered(2));
        await Eventually.EqualAsync("returned", async () => (await world.OutboxAsync()).Select(row => row.ErrorKind).SingleOrDefault(), "the reason on the row");
        await world.BindPlainQueueAsync("target", "tests", "tests.numbered.v1");

        await Eventually.EqualAsync(2, () => world.CountAsync("outbox_history"), "rows in the history");
    }
}

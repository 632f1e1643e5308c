using RabbitMQ.Client;
using ReliableMq.Integration.Support;
using ReliableMq.TestSupport;
using Xunit;

namespace ReliableMq.Integration.Failing;

public class The_total_time_for_attempts
{
    private const string Queue = "tests.numbers";

    [Fact]
    public async Task What_would_begin_later_is_dead_lettered_with_the_reason()
    {
        await using var world = await World.CreateAsync();
        await using var service = await StartAsync(world, "1h", "100ms, 2h", _ => throw new InvalidOperationException("Broken."));

        await service.SaveAsync(new Numbered(1));

        var dead = await Eventually.FoundAsync(() => Laws.Nothing_disappears.FirstDeadLetterAsync(service), "a dead letter");
        dead.Reason.ShouldBe("Broken. It was not tried again: the next attempt, in 2h, would have begun later than 1h (RetryFor) after its first failure.");
        dead.Attempts.ShouldBe(2);
    }

    [Fact]
    public async Task What_a_handler_asks_for_is_bounded_too_and_counts_from_the_first_failure()
    {
        await using var world = await World.CreateAsync();
        await using var service = await StartAsync(world, "150m", "", context => context.RetryAfter(TimeSpan.FromHours(1)));

        await service.SaveAsync(new Numbered(1));
        for (var round = 1; round <= 2; round++)
        {
            await Eventually.EqualAsync([round], async () => await world.Database.QueryAsync<int>("SELECT epoch FROM reliable_mq.failure WHERE state = 'scheduled'"), "the round that waits");
            await world.Database.ExecuteAsync(
                "UPDATE reliable_mq.failure SET first_failed_at = first_failed_at - interval '1 hour'; UPDATE reliable_mq.outbox SET available_at = clock_timestamp() WHERE due_at IS NOT NULL");
        }

        var dead = await Eventually.FoundAsync(() => Laws.Nothing_disappears.FirstDeadLetterAsync(service), "a dead letter");
        dead.Reason.ShouldEndWith("It was not tried again: the next attempt, in 1h, would have begun later than 150m (RetryFor) after its first failure.");
    }

    [Fact]
    public async Task A_replayed_message_has_its_time_again()
    {
        await using var world = await World.CreateAsync();
        await using var service = await StartAsync(world, "1h", "2h", _ => throw new InvalidOperationException("Broken."));
        await service.SaveAsync(new Numbered(1));
        var dead = await Eventually.FoundAsync(() => Laws.Nothing_disappears.FirstDeadLetterAsync(service), "a dead letter");
        await world.Database.ExecuteAsync("UPDATE reliable_mq.failure SET first_failed_at = clock_timestamp() - interval '1 day'");

        await service.DeadLetters.ReplayAsync(dead.Id, "tester");

        await Eventually.EqualAsync(["1 dead true"], async () => await world.Database.QueryAsync<string>(
            "SELECT epoch || ' ' || state || ' ' || (first_failed_at > clock_timestamp() - interval '1 hour') FROM reliable_mq.failure"), "the second life");
    }

    [Fact]
    public async Task Without_a_database_the_time_travels_with_the_message()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup =>
        {
            setup.Contexts = false;
            setup.HandleWithoutInbox<Numbered>(Queue, (_, _) => throw new InvalidOperationException("Broken."), retry: "500ms, 500ms, 500ms, 500ms, 500ms, 500ms");
            setup.Settings[$"Queues:{Queue}:RetryFor"] = "1200ms";
        });
        await service.ConsumingAsync();
        await world.Broker.PublishAsync("", Queue, """{"number":1}""", new BasicProperties { MessageId = "m", Type = "tests.numbered.v1" });

        var dead = await Eventually.FoundAsync(() => world.Broker.GetAsync($"{Queue}.dead"), "the dead letter");
        dead.BasicProperties.Headers!["x-reliable-mq-dead-attempts"].ShouldBeOneOf(2, 3);
        System.Text.Encoding.UTF8.GetString((byte[])dead.BasicProperties.Headers["x-reliable-mq-dead-reason"]!)
            .ShouldBe("Broken. It was not tried again: the next attempt, in 500ms, would have begun later than 1200ms (RetryFor) after its first failure.");
        dead.BasicProperties.Headers.ShouldNotContainKey("x-reliable-mq-first-failed-at");
    }

    private static async Task<TestService> StartAsync(World world, string retryFor, string retry, Action<MessageContext> handle)
    {
        var service = await world.StartAsync(setup =>
        {
            setup.Handle<Numbered>(Queue, (_, _, context) =>
            {
                handle(context);
                return Task.CompletedTask;
            }, retry);
            setup.Settings[$"Queues:{Queue}:RetryFor"] = retryFor;
        });
        await service.ConsumingAsync();
        return service;
    }
}

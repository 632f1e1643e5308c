using System.Text;
using Microsoft.EntityFrameworkCore;
using RabbitMQ.Client;
using ReliableMq.Integration.Support;
using ReliableMq.TestSupport;
using Xunit;

namespace ReliableMq.Integration.Laws;

public class Nothing_disappears
{
    [Fact]
    public async Task A_failing_message_is_retried_after_its_delays_and_dead_lettered_with_its_reason()
    {
        await using var world = await World.CreateAsync();
        var attempts = new List<(int Attempt, long At)>();
        await using var service = await world.StartAsync(setup => setup.HandleNumbered(retry: "300ms, 700ms", before: (message, context) =>
        {
            lock (attempts)
            {
                attempts.Add((context.Attempt, TimeProvider.System.GetTimestamp()));
            }

            throw new InvalidOperationException($"number {message.Number} cannot be billed");
        }));

        await service.SaveAsync(new Numbered(13));

        var dead = await Eventually.FoundAsync(() => FirstDeadLetterAsync(service), "a dead letter");
        dead.Queue.ShouldBe("tests.numbers");
        dead.MessageName.ShouldBe("tests.numbered.v1");
        dead.Reason.ShouldBe("number 13 cannot be billed");
        dead.ExceptionType.ShouldBe("System.InvalidOperationException");
        dead.Exception.ShouldNotBeNull().ShouldContain("   at ");
        dead.Attempts.ShouldBe(3);
        Encoding.UTF8.GetString(dead.Body.Span).ShouldBe("""{"number":13,"text":null}""");
        attempts.Select(attempt => attempt.Attempt).ShouldBe([1, 2, 3]);
        TimeProvider.System.GetElapsedTime(attempts[0].At, attempts[1].At).ShouldBeGreaterThanOrEqualTo(TimeSpan.FromMilliseconds(290));
        TimeProvider.System.GetElapsedTime(attempts[1].At, attempts[2].At).ShouldBeGreaterThanOrEqualTo(TimeSpan.FromMilliseconds(690));

        // The copy that the broker brings to the dead-letter queue is the same dead letter.
        await Eventually.TrueAsync(() => service.Logs.Entries.Any(entry => entry.EventId.Id == 7004), "the copy has come");
        await world.ShouldHaveSettledAllAsync(service, "tests.numbers", "tests.numbers.dead");
        (await world.CountAsync("dead_letter")).ShouldBe(1);
    }

    [Fact]
    public async Task A_long_delay_is_waited_for_in_the_database_and_survives_an_emptied_broker()
    {
        await using var world = await World.CreateAsync();
        var attempts = new CountdownSignal(2, "attempts");
        await using var service = await world.StartAsync(setup => setup.HandleNumbered(retry: "1h", before: (_, context) =>
        {
            attempts.Set();
            return context.Attempt == 1 ? throw new InvalidOperationException("first time") : Task.CompletedTask;
        }));
        await service.SaveAsync(new Numbered(5));

        await Eventually.EqualAsync("scheduled", () => world.Database.ScalarAsync<string>("SELECT state FROM reliable_mq.failure"), "the state of the failure");
        await world.Broker.DeleteQueueAsync("tests.numbers");
        (await world.Database.ScalarAsync<double>("SELECT extract(epoch FROM available_at - clock_timestamp())::float8 FROM reliable_mq.outbox")).ShouldBeInRange(3500, 3600);

        await world.Database.ExecuteAsync("UPDATE reliable_mq.outbox SET available_at = clock_timestamp()");

        await attempts.WaitAsync();
        await Eventually.EqualAsync([5], world.EffectsAsync, "effects");
        await Eventually.EqualAsync(0, () => world.CountAsync("failure"), "failures left");
    }

    [Theory]
    [InlineData("{ not json", "application/json", "The body of the message \"tests.numbered.v1\" cannot be read as \"ReliableMq.Integration.Support.Numbered\": ")]
    [InlineData("null", "application/json", "The body of the message \"tests.numbered.v1\" cannot be read as \"ReliableMq.Integration.Support.Numbered\": It is the JSON value null. Send an object.")]
    [InlineData("<x/>", "application/xml", "The content type \"application/xml\" of the message \"tests.numbered.v1\" is not supported. Send \"application/json\", or register a serializer with AddReliableMq(…).AddSerializer<T>().")]
    public async Task An_unreadable_body_is_dead_lettered_at_once_and_the_rest_goes_on(string body, string contentType, string reason)
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup => setup.HandleNumbered(retry: "1h"));
        await DeclaredAsync(service);

        await world.Broker.PublishAsync("", "tests.numbers", body, new BasicProperties { MessageId = "bad", Type = "tests.numbered.v1", ContentType = contentType });
        await Ack_after_commit_and_one_effect.PublishAsync(world, "good", 1);

        await Eventually.EqualAsync([1], world.EffectsAsync, "effects");
        var dead = await Eventually.FoundAsync(() => FirstDeadLetterAsync(service), "a dead letter");
        dead.MessageId.ShouldBe("bad");
        dead.Reason.ShouldStartWith(reason);
        dead.Attempts.ShouldBe(1);
        Encoding.UTF8.GetString(dead.Body.Span).ShouldBe(body);
    }

    [Fact]
    public async Task An_unknown_message_type_ends_visibly_and_the_rest_goes_on()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup =>
        {
            setup.HandleNumbered();
            setup.Settings["Queues:tests.numbers:DeferUnknown"] = "2s";
        });
        await DeclaredAsync(service);

        await world.Broker.PublishAsync("", "tests.numbers", "{}", new BasicProperties { MessageId = "stranger", Type = "tests.stranger.v1" });
        await Ack_after_commit_and_one_effect.PublishAsync(world, "good", 1);

        await Eventually.EqualAsync([1], world.EffectsAsync, "effects");
        var dead = await Eventually.FoundAsync(() => FirstDeadLetterAsync(service), "a dead letter");
        dead.Reason.ShouldBe("No handler of the queue \"tests.numbers\" takes the message \"tests.stranger.v1\" of the exchange \"\". It takes: \"tests.numbered.v1\". Add a handler or its [Binding], or remove the binding that brings it. It was deferred for 2s (DeferUnknown), in case that a newer version of the service takes it.");
    }

    [Fact]
    public async Task A_message_without_an_id_ends_visibly()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup => setup.HandleNumbered());
        await DeclaredAsync(service);

        await world.Broker.PublishAsync("", "tests.numbers", """{"number":1}""", new BasicProperties { Type = "tests.numbered.v1" });

        var dead = await Eventually.FoundAsync(() => FirstDeadLetterAsync(service), "a dead letter");
        dead.MessageId.ShouldStartWith("no-id-");
        dead.Reason.ShouldBe("The message \"tests.numbered.v1\" has no message id, so it cannot be handled just once. Set the AMQP property message-id, or [MessageHandler(…, DeriveMessageIds = true)].");
        await world.ShouldHaveSettledAllAsync(service, "tests.numbers");
    }

    [Fact]
    public async Task What_the_broker_dead_letters_by_itself_is_stored_too()
    {
        await using var world = await World.CreateAsync();
        var gate = new Gate("handler");
        await using var service = await world.StartAsync(setup => setup.Handle<Numbered>("tests.numbers", (_, _, _) => gate.PassAsync(), concurrency: 1, prefetch: 1));
        await DeclaredAsync(service);
        await Ack_after_commit_and_one_effect.PublishAsync(world, "first", 1);
        await gate.WaitForCallersAsync();

        await world.Broker.PublishAsync("", "tests.numbers", """{"number":2}""", new BasicProperties { MessageId = "late", Type = "tests.numbered.v1", Expiration = "1" });

        gate.Open();
        var dead = await Eventually.FoundAsync(() => FirstDeadLetterAsync(service), "a dead letter");
        dead.MessageId.ShouldBe("late");
        dead.Reason.ShouldBe("The broker dead-lettered it: expired.");
        dead.Queue.ShouldBe("tests.numbers");
    }

    [Fact]
    public async Task A_deleted_queue_and_a_restarted_consumer_are_declared_again()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup => setup.HandleNumbered());
        await service.SaveAsync(new Numbered(1));
        await Eventually.EqualAsync([1], world.EffectsAsync, "effects");

        await world.Broker.DeleteQueueAsync("tests.numbers");
        await service.SaveAsync(new Numbered(2));

        await Eventually.EqualAsync([1, 2], world.EffectsAsync, "effects");
        await world.Broker.CloseAllConnectionsAsync();
        await service.SaveAsync(new Numbered(3));
        await Eventually.EqualAsync([1, 2, 3], world.EffectsAsync, "effects");
    }

    [Fact]
    public async Task A_message_over_the_limit_is_refused_at_the_call_and_the_context_goes_on()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup =>
        {
            setup.HandleNumbered();
            setup.Settings["Broker:MaxMessageBytes"] = "100";
        });

        await service.UseAsync(async db =>
        {
            Should.Throw<ReliableMqException>(() => db.AddMessage(new Numbered(1, new string('x', 200)))).Message.ShouldBe(
                "The message \"tests.numbered.v1\" has 222 bytes, more than the 100 allowed. Send a reference to the data, or raise \"ReliableMq:Broker:MaxMessageBytes\" together with RabbitMQ's max_message_size.");
            db.AddMessage(new Numbered(2));
            await db.SaveChangesAsync();
        });

        await Eventually.EqualAsync([2], world.EffectsAsync, "effects");
    }

    private static Task DeclaredAsync(TestService service) =>
        Eventually.TrueAsync(() => service.Logs.Entries.Count(entry => entry.EventId.Id == 4001) >= 2, "the consumers have started");

    internal static async Task<DeadLetter?> FirstDeadLetterAsync(TestService service)
    {
        await foreach (var deadLetter in service.DeadLetters.ListAsync())
        {
            return deadLetter;
        }

        return null;
    }
}

using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using RabbitMQ.Client;
using ReliableMq.Integration.Laws;
using ReliableMq.Integration.Support;
using ReliableMq.TestSupport;
using Xunit;

namespace ReliableMq.Integration;

public class Handlers_without_a_database
{
    private const string Queue = "tests.numbers", Dead = "tests.numbers.dead";

    /// <summary>A frame with basic.ack: a confirm from the broker, the ack of a delivery from the consumer.</summary>
    private static readonly byte[] AckFrame = [0, 0, 0, 13, 0, 60, 0, 80];

    private readonly ConcurrentQueue<(int Number, int Attempt)> _handled = [];

    /// <summary>In the order of the numbers and their attempts.</summary>
    private IEnumerable<(int Number, int Attempt)> Handled => _handled.Order();

    [Fact]
    public async Task A_service_without_any_database_starts_handles_and_is_well()
    {
        await using var world = await World.CreateAsync();
        await using var service = await StartAsync(world, (_, _) => Task.CompletedTask);

        await Task.WhenAll(Enumerable.Range(0, 20).Select(number => PublishAsync(world, number)));

        await Eventually.EqualAsync(Enumerable.Range(0, 20), () => _handled.Select(handled => handled.Number).Order(), "numbers handled");
        service.Logs.Entries.Single(entry => entry.EventId.Id == 5010).Message.ShouldBe(
            "The handlers of \"tests.numbers\" have no inbox: a message may be handled more than once, and its dead letters stay in \"tests.numbers.dead\".");
        (await service.HealthAsync()).Entries.ShouldAllBe(check => check.Value.Status == HealthStatus.Healthy);
        await world.ShouldHaveSettledAllAsync(service, Queue, Dead);
    }

    [Fact]
    public async Task Each_further_attempt_comes_after_its_delay()
    {
        await using var world = await World.CreateAsync();
        var times = new ConcurrentQueue<long>();
        await using var service = await StartAsync(world, (_, context) =>
        {
            times.Enqueue(Stopwatch.GetTimestamp());
            return context.Attempt < 3 ? throw new InvalidOperationException("not yet") : Task.CompletedTask;
        }, retry: "300ms, 600ms");

        await PublishAsync(world, 1);

        await Eventually.EqualAsync([1, 2, 3], () => _handled.Select(handled => handled.Attempt), "attempts");
        var seen = times.ToArray();
        Stopwatch.GetElapsedTime(seen[0], seen[1]).TotalMilliseconds.ShouldBeGreaterThan(240);
        Stopwatch.GetElapsedTime(seen[1], seen[2]).TotalMilliseconds.ShouldBeGreaterThan(540);
        service.Logs.Entries.Count(entry => entry.EventId.Id == 6001).ShouldBe(2);
        await world.ShouldHaveSettledAllAsync(service, Queue, Dead);
    }

    [Fact]
    public async Task A_message_whose_attempts_are_used_up_stays_in_the_dead_letter_queue_with_its_reason()
    {
        await using var world = await World.CreateAsync();
        await using var service = await StartAsync(world, (_, _) => throw new InvalidOperationException("never"), retry: "100ms");
        var properties = Properties("m");
        properties.CorrelationId = "c";
        properties.Headers = new Dictionary<string, object?> { ["own"] = "kept" };
        await world.Broker.PublishAsync("", Queue, """{"number":7}""", properties);

        await Eventually.EqualAsync(new QueueCounts(1, 0), () => world.Broker.QueueCountsAsync(Dead), "dead letters");
        var health = (await service.HealthAsync()).Entries["reliable-mq-dead-letter-queues"];
        health.Status.ShouldBe(HealthStatus.Degraded);
        health.Description.ShouldBe("Dead letters wait in their queues: \"tests.numbers.dead\": 1");
        var dead = (await world.Broker.GetAsync(Dead))!;
        _handled.ShouldBe([(7, 1), (7, 2)]);
        Encoding.UTF8.GetString(dead.Body.Span).ShouldBe("""{"number":7}""");
        dead.BasicProperties.MessageId.ShouldBe("m");
        dead.BasicProperties.CorrelationId.ShouldBe("c");
        Text(dead, "own").ShouldBe("kept");
        Text(dead, MessageHeaders.DeadReason).ShouldBe("never");
        Text(dead, MessageHeaders.DeadError).ShouldBe("System.InvalidOperationException");
        dead.BasicProperties.Headers![MessageHeaders.DeadAttempts].ShouldBe(2);
        dead.BasicProperties.Headers.Keys.ShouldNotContain(MessageHeaders.Attempt, "moved back, it starts anew");
        await world.ShouldHaveSettledAllAsync(service, Queue);
    }

    [Fact]
    public async Task What_cannot_be_read_is_dead_lettered_at_once_and_needs_no_id()
    {
        await using var world = await World.CreateAsync();
        await using var service = await StartAsync(world, (_, _) => Task.CompletedTask, retry: "1h");
        var withoutId = new BasicProperties { Type = "tests.numbered.v1", ContentType = "application/json" };
        await world.Broker.PublishAsync("", Queue, "{ bad", withoutId);
        await world.Broker.PublishAsync("", Queue, """{"number":1}""", withoutId);

        await Eventually.EqualAsync(new QueueCounts(1, 0), () => world.Broker.QueueCountsAsync(Dead), "dead letters");
        Text((await world.Broker.GetAsync(Dead))!, MessageHeaders.DeadReason).ShouldStartWith("The body of the message \"tests.numbered.v1\" cannot be read");
        await Eventually.EqualAsync([(1, 1)], () => Handled, "numbers handled");
    }

    [Fact]
    public async Task What_the_handler_decides_is_done()
    {
        await using var world = await World.CreateAsync();
        await using var service = await StartAsync(world, (message, context) =>
        {
            switch (message.Number)
            {
                case 1 when _handled.Count(handled => handled.Number == 1) < 3: context.RetryAfter(TimeSpan.FromMilliseconds(100)); break;
                case 2: context.DeadLetter("not for us"); break;
                case 3: context.Discard("of no use"); break;
                default: break;
            }

            return Task.CompletedTask;
        });

        await Task.WhenAll(Enumerable.Range(1, 3).Select(number => PublishAsync(world, number)));

        await Eventually.EqualAsync([(1, 1), (1, 1), (1, 1), (2, 1), (3, 1)], () => Handled, "what was handled, in which attempt");
        // Nothing else could show what was discarded.
        await Eventually.EqualAsync(new QueueCounts(2, 0), () => world.Broker.QueueCountsAsync(Dead), "dead letters");
        new[] { Text((await world.Broker.GetAsync(Dead))!, MessageHeaders.DeadReason), Text((await world.Broker.GetAsync(Dead))!, MessageHeaders.DeadReason) }
            .ShouldBe(["not for us", "of no use"], ignoreOrder: true);
        service.Logs.Entries.Single(entry => entry.EventId.Id == 6004).Message.ShouldContain("of no use");
        await world.ShouldHaveSettledAllAsync(service, Queue);
    }

    [Fact]
    public async Task A_handler_over_its_timeout_has_failed_though_it_returns()
    {
        await using var world = await World.CreateAsync();
        await using var service = await StartAsync(world, async (_, context) =>
        {
            if (context.Attempt == 1)
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.CancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }, timeout: "300ms");

        await PublishAsync(world, 1);

        await Eventually.EqualAsync([1, 2], () => _handled.Select(handled => handled.Attempt), "attempts");
        service.Logs.Entries.ShouldContain(entry => entry.EventId.Id == 6001
            && entry.Message.Contains("TimeoutException: The handler took longer than the queue's timeout of 0.3 seconds."));
    }

    [Fact]
    public async Task A_stop_costs_no_attempt_and_loses_nothing()
    {
        await using var world = await World.CreateAsync();
        var running = new Signal("handler runs");
        var first = await StartAsync(world, async (_, context) =>
        {
            running.Set();
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.CancellationToken);
        }, more: setup => setup.Services = services => services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(1)));
        await PublishAsync(world, 1);
        await running.WaitAsync();

        await first.DisposeAsync();

        await Eventually.EqualAsync(1, async () => (await world.Broker.QueueCountsAsync(Queue)).Ready, "messages back in the queue");
        await using var second = await StartAsync(world, (_, _) => Task.CompletedTask);
        await Eventually.EqualAsync([(1, 1), (1, 1)], () => Handled, "attempts");
    }

    [Fact]
    public async Task A_copy_whose_confirm_is_lost_makes_two_of_the_message_and_loses_none()
    {
        await using var world = await World.CreateAsync();
        await using var proxy = await TcpProxy.StartAsync(world.Broker.HostName, world.Broker.Port);
        var failures = 0;
        await using var service = await StartAsync(world, (_, _) => Interlocked.Increment(ref failures) == 1 ? throw new InvalidOperationException("once") : Task.CompletedTask,
            more: setup => setup.Through(proxy));
        proxy.OnServerData(chunk =>
        {
            if (chunk.Span.IndexOf(AckFrame) < 0)
            {
                return ProxyAction.Forward;
            }

            proxy.OnServerData(null);
            return ProxyAction.Cut;
        });

        await PublishAsync(world, 1);

        // The copy, and the delivery that comes back as the attempt that it was.
        await Eventually.EqualAsync([(1, 1), (1, 1), (1, 2)], () => Handled, "attempts");
        service.Logs.Entries.Single(entry => entry.EventId.Id == 6010).Message.ShouldContain("could not be sent to \"tests.numbers\"");
        await world.ShouldHaveSettledAllAsync(service, Queue, Dead);
    }

    [Fact]
    public async Task A_process_killed_between_the_confirm_of_the_copy_and_the_ack_leaves_both()
    {
        await using var world = await World.CreateAsync();
        await using var proxy = await TcpProxy.StartAsync(world.Broker.HostName, world.Broker.Port);
        var acking = new Signal("the ack of the delivery is on its way");
        proxy.OnClientData(chunk =>
        {
            if (chunk.Span.IndexOf(AckFrame) < 0)
            {
                return ProxyAction.Forward;
            }

            acking.Set();
            return ProxyAction.HalfOpen;
        });
        await using var worker = world.StartProcess(Worker.HandleWithoutDatabase, addresses: world.Addresses with { BrokerHost = $"{proxy.Host}:{proxy.Port}" });
        await worker.WaitForLineAsync(line => line == "started", TimeSpan.FromSeconds(60));
        await Eventually.TrueAsync(async () => (await world.Broker.ListQueuesAsync()).Any(queue => queue.Name == Queue), "its queue is declared");
        await PublishAsync(world, 1);
        await acking.WaitAsync();

        worker.Kill();
        proxy.ResetAll();

        await Eventually.EqualAsync(2, async () => (await world.Broker.QueueCountsAsync(Queue)).Ready, "messages in the queue");
        await using var service = await StartAsync(world, (_, _) => Task.CompletedTask);
        await Eventually.EqualAsync([(1, 1), (1, 2)], () => Handled, "attempts");
        await world.ShouldHaveSettledAllAsync(service, Queue, Dead);
    }

    [Fact]
    public async Task A_dead_letter_without_its_queue_waits_in_the_queue_it_came_from()
    {
        await using var world = await World.CreateAsync();
        await using var service = await StartAsync(
            world, (_, _) => throw new InvalidOperationException("never"), retry: "", more: setup => setup.Settings["Topology:CheckInterval"] = "01:00:00");
        // The check declares what is missing: not in between.
        await Eventually.TrueAsync(() => service.Logs.Entries.Any(entry => entry.EventId.Id == 3012), "the topology was checked");
        await world.Broker.DeleteQueueAsync(Dead);
        await PublishAsync(world, 1);
        await Eventually.TrueAsync(() => service.Logs.Entries.Any(entry => entry.EventId.Id == 6010 && entry.Message.Contains("NO_ROUTE")), "the dead letter was returned");

        await world.BindPlainQueueAsync(Dead, "tests", "no.message");

        await Eventually.EqualAsync(new QueueCounts(1, 0), () => world.Broker.QueueCountsAsync(Dead), "dead letters");
        await world.ShouldHaveSettledAllAsync(service, Queue);
    }

    [Fact]
    public async Task A_batch_with_a_bad_message_is_handled_one_by_one()
    {
        await using var world = await World.CreateAsync();
        var done = new ConcurrentQueue<int>();
        await using var service = await world.StartAsync(setup =>
        {
            setup.Contexts = false;
            setup.Handlers.Add(new HandlerDefinition
            {
                Queue = Queue, Inbox = typeof(NoInbox), MessageName = "tests.numbered.v1", MessageType = typeof(Numbered), HandlerName = "batch", BatchSize = 3, Linger = "1m", Retry = "",
                InvokeBatch = (_, messages, _) =>
                {
                    var numbers = messages.Select(message => ((Numbered)message).Number).ToArray();
                    if (numbers.Contains(2))
                    {
                        throw new InvalidOperationException("two");
                    }

                    Array.ForEach(numbers, done.Enqueue);
                    return ValueTask.CompletedTask;
                },
            });
        });
        await service.ConsumingAsync();

        await Task.WhenAll(Enumerable.Range(1, 3).Select(number => PublishAsync(world, number)));

        await Eventually.EqualAsync([1, 3], IEnumerable<int> () => done.Order(), "numbers done");
        await Eventually.EqualAsync(new QueueCounts(1, 0), () => world.Broker.QueueCountsAsync(Dead), "dead letters");
    }

    [Fact]
    public async Task A_handler_without_an_inbox_adds_messages_to_any_context_as_caused_by_its_own()
    {
        await using var world = await World.CreateAsync();
        TestService? service = null;
        await using (service = await world.StartAsync(setup => setup.HandleWithoutInbox<Numbered>(Queue, (_, _) => service!.UseAsync(db =>
        {
            db.AddMessage(new Followed(1));
            return db.SaveChangesAsync();
        }))))
        {
            await service.ConsumingAsync();
            await PublishAsync(world, 1);

            await Eventually.EqualAsync("m1", () => world.Database.ScalarAsync<string>("SELECT causation_id FROM reliable_mq.outbox"), "the cause of the message");
        }
    }

    private async Task<TestService> StartAsync(
        World world, Func<Numbered, MessageContext, Task> handle, string retry = "100ms, 100ms", string? timeout = null, Action<TestServiceSetup>? more = null)
    {
        var service = await world.StartAsync(setup =>
        {
            setup.Contexts = false;
            setup.HandleWithoutInbox<Numbered>(Queue, (message, context) =>
            {
                _handled.Enqueue((message.Number, context.Attempt));
                return handle(message, context);
            }, retry, timeout);
            more?.Invoke(setup);
        });
        await service.ConsumingAsync();
        return service;
    }

    private static Task PublishAsync(World world, int number) => Ack_after_commit_and_one_effect.PublishAsync(world, $"m{number}", number);

    private static BasicProperties Properties(string messageId) => new() { MessageId = messageId, Type = "tests.numbered.v1", ContentType = "application/json" };

    private static string? Text(BasicGetResult message, string header) =>
        message.BasicProperties.Headers?.TryGetValue(header, out var value) == true && value is byte[] text ? Encoding.UTF8.GetString(text) : null;
}

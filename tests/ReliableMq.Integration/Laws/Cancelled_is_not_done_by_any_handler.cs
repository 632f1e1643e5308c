using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Npgsql;
using ReliableMq.Integration.Support;
using ReliableMq.TestSupport;
using Xunit;

namespace ReliableMq.Integration.Laws;

/// <summary>What <see cref="Cancelled_is_not_done"/> says of handlers with a context, for the other kinds.</summary>
public class Cancelled_is_not_done_by_any_handler
{
    private const string Queue = "tests.numbers";

    public enum Kind
    {
        DataSource,
        Batch,
        WithoutInbox,
    }

    [Theory]
    [InlineData(Kind.DataSource)]
    [InlineData(Kind.Batch)]
    [InlineData(Kind.WithoutInbox)]
    public async Task A_handler_whose_http_call_timed_out_is_retried(Kind kind)
    {
        await using var world = await World.CreateAsync();
        var (calls, done) = (0, new Signal("the message is handled"));
        await using var source = NpgsqlDataSource.Create(world.Database.ConnectionString);
        await using var service = await StartAsync(world, kind, source, context =>
        {
            if (Interlocked.Increment(ref calls) == 1)
            {
                throw new TaskCanceledException("The request was canceled due to the configured HttpClient.Timeout.");
            }

            done.Set();
            return Task.CompletedTask;
        });

        await PublishAsync(world);

        await done.WaitAsync();
        await ShouldHaveHandledOnceAsync(world, service, kind);
        calls.ShouldBe(2);
    }

    [Theory]
    [InlineData(Kind.DataSource)]
    [InlineData(Kind.Batch)]
    [InlineData(Kind.WithoutInbox)]
    public async Task A_handler_over_its_timeout_is_cancelled_and_tried_again(Kind kind)
    {
        await using var world = await World.CreateAsync();
        var (calls, cancelled, done) = (0, new Signal("the handler is cancelled"), new Signal("the message is handled"));
        await using var source = NpgsqlDataSource.Create(world.Database.ConnectionString);
        await using var service = await StartAsync(world, kind, source, async context =>
        {
            if (Interlocked.Increment(ref calls) == 1)
            {
                await using var registered = context.CancellationToken.Register(cancelled.Set);
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.CancellationToken);
            }

            done.Set();
        }, timeout: "1s");

        await PublishAsync(world);

        await cancelled.WaitAsync();
        await done.WaitAsync();
        await ShouldHaveHandledOnceAsync(world, service, kind);
    }

    [Theory]
    [InlineData(Kind.DataSource)]
    [InlineData(Kind.Batch)]
    [InlineData(Kind.WithoutInbox)]
    public async Task A_stop_costs_no_attempt_and_the_message_is_handled_after_the_restart(Kind kind)
    {
        await using var world = await World.CreateAsync();
        var running = new Signal("the handler runs");
        await using var source = NpgsqlDataSource.Create(world.Database.ConnectionString);
        var first = await StartAsync(world, kind, source, async context =>
        {
            running.Set();
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.CancellationToken);
        }, shutdown: TimeSpan.FromSeconds(1));
        await PublishAsync(world);
        await running.WaitAsync();

        await first.DisposeAsync();

        first.Logs.Entries.ShouldNotContain(entry => entry.EventId.Id == 6001);
        (await world.CountAsync("failure")).ShouldBe(0);
        (await world.CountAsync("inbox")).ShouldBe(0);
        await Eventually.EqualAsync(1, async () => (await world.Broker.QueueCountsAsync(Queue)).Ready, "messages back in the queue");
        var (attempt, done) = (0, new Signal("the message is handled"));
        await using var second = await StartAsync(world, kind, source, context =>
        {
            attempt = context.Attempt;
            done.Set();
            return Task.CompletedTask;
        });
        await done.WaitAsync();
        await ShouldHaveHandledOnceAsync(world, second, kind);
        attempt.ShouldBe(1);
    }

    private static async Task ShouldHaveHandledOnceAsync(World world, TestService service, Kind kind)
    {
        if (kind != Kind.WithoutInbox)
        {
            await Eventually.EqualAsync([1], world.EffectsAsync, "effects");
            await Eventually.EqualAsync(1L, () => world.CountAsync("inbox"), "handled messages");
        }

        await world.ShouldHaveSettledAllAsync(service, Queue, $"{Queue}.dead");
        (await world.CountAsync("failure")).ShouldBe(0);
        (await world.CountAsync("dead_letter")).ShouldBe(0);
    }

    private static async Task<TestService> StartAsync(World world, Kind kind, NpgsqlDataSource source, Func<MessageContext, Task> before, string? timeout = null, TimeSpan? shutdown = null)
    {
        var service = await world.StartAsync(setup =>
        {
            setup.Settings[$"Queues:{Queue}:Retry"] = "100ms, 200ms";
            setup.Settings[$"Queues:{Queue}:Timeout"] = timeout;
            switch (kind)
            {
                case Kind.Batch:
                    setup.HandleMany<Numbered>(Queue, async (messages, db, contexts) =>
                    {
                        await before(contexts[0]);
                        db.Effects.AddRange(messages.Select(message => new Effect { Number = message.Number }));
                    }, batchSize: 10, linger: "100ms");
                    break;
                case Kind.WithoutInbox:
                    setup.HandleWithoutInbox<Numbered>(Queue, (_, context) => before(context));
                    break;
            }

            setup.Services = services =>
            {
                services.Configure<HostOptions>(host => host.ShutdownTimeout = shutdown ?? TimeSpan.FromMinutes(1));
                if (kind == Kind.DataSource)
                {
                    services.AddReliableMq().AddInbox(source).AddHandler(OnDataSource(before));
                }
            };
        });
        await service.ConsumingAsync();
        return service;
    }

    private static HandlerDefinition OnDataSource(Func<MessageContext, Task> before) => new()
    {
        Queue = Queue,
        MessageName = "tests.numbered.v1",
        MessageType = typeof(Numbered),
        HandlerName = "tests.sql",
        Inbox = typeof(NpgsqlDataSource),
        Invoke = async (_, message, context) =>
        {
            await before(context);
            await using var insert = new NpgsqlCommand("INSERT INTO \"Effects\" (\"Number\", \"Note\") VALUES (@number, '')", context.Transaction!.Connection, context.Transaction)
            {
                Parameters = { new NpgsqlParameter<int>("number", ((Numbered)message).Number) },
            };
            await insert.ExecuteNonQueryAsync(context.CancellationToken);
        },
    };

    private static Task PublishAsync(World world) => Ack_after_commit_and_one_effect.PublishAsync(world, "m1", 1);
}

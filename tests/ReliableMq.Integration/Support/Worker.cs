using System.Diagnostics;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using ReliableMq.Alerting;
using ReliableMq.Integration.Ordering;
using ReliableMq.Storage;

namespace ReliableMq.Integration.Support;

/// <summary>
/// A service in a process of its own. It tells on its standard output what it does, so that a test can end it
/// at an exact moment.
/// </summary>
internal static class Worker
{
    /// <summary>The number at which the handler of <see cref="Consume"/> says so and never returns.</summary>
    public const int Trap = 666;

    /// <summary>Says that it waits, and finishes once the host stops.</summary>
    public const int Patient = 667;

    /// <summary>Says that it waits, and does so until it is told to give up.</summary>
    public const int Obedient = 668;

    /// <summary>Handles numbers, each in so many seconds if that is given.</summary>
    public const string Consume = "consume";

    public const string Produce = "produce";

    /// <summary>Handles numbers in two queues with so many retries; <see cref="Trap"/> ends the process in the first of them.</summary>
    public const string EndAtTrap = "end-at-trap";

    public static readonly string[] TrapQueues = ["tests.first", "tests.second"];

    /// <summary>Raises an alert, and says so when its sink is told, which never returns.</summary>
    public const string Tell = "tell";

    public const string TrapSink = "trap";

    /// <summary>Without any database; every first attempt fails.</summary>
    public const string HandleWithoutDatabase = "handle-without-database";

    /// <summary>Handles numbers on a context, on a data source and in batches, each into its own effects and further messages.</summary>
    public const string HandleAll = "handle-all";

    /// <summary>Handles numbers, and replays all dead letters, so many a second.</summary>
    public const string Replay = "replay";

    /// <summary>Handles numbers in the order of their keys, and fails now and then.</summary>
    public const string InOrder = "in-order";

    /// <summary>Stores and sends numbered messages, half of them with an ordering key, and keeps a journal in the same transactions.</summary>
    public const string Journal = "journal";

    public static async Task<int> RunAsync(string role, int count, string addresses)
    {
        var setup = new TestServiceSetup(JsonSerializer.Deserialize<Addresses>(addresses)!);
        setup.Settings["Outbox:Lease"] = "00:00:10";
        setup.Settings["Broker:ConfirmTimeout"] = "00:00:02";
        setup.Settings["Broker:Heartbeat"] = "00:00:01";
        setup.Settings["Outbox:MaxUnconfirmed"] = "100";
        setup.Settings["Outbox:BatchSize"] = "100";
        setup.Settings["Outbox:PollInterval"] = "00:00:01";
        var stopping = CancellationToken.None;
        if (role == Consume)
        {
            if (count > 0)
            {
                setup.Settings["Queues:tests.numbers:Timeout"] = $"{count}s";
            }

            setup.Handle<Numbered>("tests.numbers", async (message, db, context) =>
            {
                db.Effects.Add(new Effect { Number = message.Number, Note = context.MessageId });
                Console.WriteLine($"handling {message.Number}");
                if (message.Number == Trap)
                {
                    await db.SaveChangesAsync(context.CancellationToken);
                    Console.WriteLine("trapped");
                    await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, CancellationToken.None);
                }
                else if (message.Number is Patient or Obedient)
                {
                    Console.WriteLine("waiting");
                    await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, message.Number == Patient ? stopping : context.CancellationToken)
                        .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                }
            });
            setup.Services = services => services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(10));
        }

        if (role == EndAtTrap)
        {
            foreach (var queue in TrapQueues)
            {
                setup.Handle<Numbered>(queue, (message, db, context) =>
                {
                    Console.WriteLine($"handling {message.Number}");
                    if (message.Number == Trap && context.Queue == TrapQueues[0])
                    {
                        if (count == 0)
                        {
                            Environment.FailFast("trapped");
                        }

                        // As the system does it when memory runs out.
                        Process.GetCurrentProcess().Kill();
                    }

                    db.Effects.Add(new Effect { Number = message.Number, Note = context.Queue });
                    return Task.CompletedTask;
                }, retry: string.Join(", ", Enumerable.Repeat("100ms", count)));
            }
        }

        if (role == Replay)
        {
            setup.HandleNumbered();
        }

        if (role == HandleWithoutDatabase)
        {
            setup.Contexts = false;
            setup.HandleWithoutInbox<Numbered>("tests.numbers", (_, context) =>
                context.Attempt == 1 ? throw new InvalidOperationException("first") : Task.CompletedTask);
        }

        if (role == HandleAll)
        {
            AllKindsOfHandlers.AddTo(setup);
        }

        if (role == InOrder)
        {
            setup.HandleInOrder(QueueOrder.ByKey, retry: "20ms, 20ms, 20ms, 20ms, 20ms, 20ms", before: async (message, context) =>
            {
                Console.WriteLine($"handling {context.OrderingKey} {message.Number}");
                await Task.Delay(TimeSpan.FromMilliseconds(Random.Shared.Next(10)), TimeProvider.System, context.CancellationToken);
                if (Random.Shared.Next(20) == 0)
                {
                    throw new InvalidOperationException("not yet");
                }
            });
        }

        if (role == Tell)
        {
            new RecordingSink(TrapSink, async (_, _) =>
            {
                Console.WriteLine("telling");
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, CancellationToken.None);
            }).AddTo(setup);
        }

        await using var service = new TestService(setup);
        stopping = service.Host.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;
        await service.StartAsync();
        if (role is Produce or Journal or Tell or Replay)
        {
            // On a busy machine a start is over before its tables are there.
            await Task.WhenAll(service.Host.Services.GetRequiredService<ServiceDatabases>().All.Select(database => database.Ready)).WaitAsync(stopping);
        }

        if (role == Tell)
        {
            var database = service.Host.Services.GetRequiredService<ServiceDatabases>().All.Single();
            await using var session = await database.OpenAsync(CancellationToken.None);
            await database.Alerts.RaiseAsync(session.Connection, new AlertRaise("kind", "group", AlertSeverity.Warning, "Text."), CancellationToken.None);
        }

        if (role == Replay)
        {
            await service.DeadLetters.ReplayAsync(new DeadLetterFilter { ExceptionType = typeof(InvalidOperationException).FullName }, "worker", new ReplayManyOptions { PerSecond = count });
        }

        Console.WriteLine("started");
        for (var number = 0; role == Journal && number < count && !stopping.IsCancellationRequested; number++)
        {
            await service.UseAsync(db => JournalEntry.StoreAsync(db, $"k{Random.Shared.Next(10)}"));
        }

        for (var number = 0; role == Produce && number < count; number++)
        {
            await service.SaveAsync(new Numbered(number));
            Console.WriteLine($"saved {number}");
        }

        await service.Host.WaitForShutdownAsync();
        return 0;
    }
}

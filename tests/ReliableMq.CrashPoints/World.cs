using System.Text;
using System.Text.Json;
using RabbitMQ.Client;
using ReliableMq.TestSupport;

namespace ReliableMq.CrashPoints;

/// <summary>A broker's virtual host and a database, and services that die and follow one another in them.</summary>
internal sealed class World : IAsyncDisposable
{
    /// <summary>Longer than the broker's counts of what is not settled may be old.</summary>
    private static readonly TimeSpan UntilCounted = TimeSpan.FromSeconds(6);

    /// <summary>On a machine with much else to do, a process alone may take minutes to start.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    private World(TestVirtualHost broker, TestDatabase database) => (Broker, Database) = (broker, database);

    public TestVirtualHost Broker { get; }

    public TestDatabase Database { get; }

    public static async Task<World> CreateAsync()
    {
        var world = new World(await TestVirtualHost.CreateAsync(), await TestDatabase.CreateAsync());
        await world.Database.ExecuteAsync(
            """
            CREATE TABLE effect (number integer NOT NULL, position bigint GENERATED ALWAYS AS IDENTITY);
            CREATE TABLE mended (number integer NOT NULL);
            CREATE TABLE told (id bigint NOT NULL, count bigint NOT NULL);
            """);
        return world;
    }

    /// <summary>A service that consumes.</summary>
    public async Task<ChildProcess> StartAsync()
    {
        var process = Start(handles: true);
        await ConsumingAsync(process);
        return process;
    }

    /// <summary>Its queues are there from now on.</summary>
    public async Task DeclareAsync()
    {
        await using var service = await StartAsync();
        service.Kill();
    }

    /// <summary>A service is told to do something, and does not survive it.</summary>
    /// <param name="point">Where it dies.</param>
    /// <param name="cause">What brings it there.</param>
    /// <param name="time">The how manieth time it comes there.</param>
    /// <param name="handles">Whether it handles what it sends; else the queues have to be there.</param>
    public async Task DieAsync(string point, Func<ChildProcess, Task> cause, int time = 1, bool handles = true)
    {
        await using var process = Start(handles, point, time);
        if (handles)
        {
            await ConsumingAsync(process);
        }

        try
        {
            await cause(process);
        }
        catch (IOException)
        {
            // What is due at its start has brought it there already.
        }

        (await process.WaitForExitAsync(Patience)).ShouldBe(137, $"the process dies {point}");
    }

    /// <inheritdoc cref="DieAsync(string, Func{ChildProcess, Task}, int, bool)"/>
    public Task DieAsync(string point, string word, int time = 1, bool handles = true) => DieAsync(point, process => process.WriteLineAsync(word), time, handles);

    /// <inheritdoc cref="DieAsync(string, Func{ChildProcess, Task}, int, bool)"/>
    public Task DieAsync(string point, Number number, bool handles = true) => DieAsync(point, JsonSerializer.Serialize(number), handles: handles);

    private ChildProcess Start(bool handles, string? point = null, int time = 1) => ChildProcess.StartDotNet(
        typeof(World).Assembly.Location,
        ["service", JsonSerializer.Serialize(new Addresses($"{Broker.HostName}:{Broker.Port}", Broker.VirtualHost, Broker.UserName, Broker.Password, Database.ConnectionString, handles))],
        new Dictionary<string, string?> { ["RELIABLEMQ_CRASH_AT"] = point, ["RELIABLEMQ_CRASH_AT_TIME"] = $"{time}" });

    private Task ConsumingAsync(ChildProcess process) => Eventually.TrueAsync(
        async () =>
        {
            foreach (var queue in new[] { NumberHandlers.Queue, NumberHandlers.QueueInOrder, NumberHandlers.QueueWithoutInbox })
            {
                if (!process.HasExited && await Broker.UseChannelAsync(channel => channel.ConsumerCountAsync(queue)) == 0)
                {
                    return false;
                }
            }

            return true;
        },
        "it consumes", Patience);

    /// <summary>It works from now on.</summary>
    public Task MendAsync(int number) => Database.ExecuteAsync("INSERT INTO mended VALUES ($1)", number);

    /// <summary>Puts a message into a queue of the service past its outbox, so that nothing but this delivery can bring it.</summary>
    public Task PutAsync(string queue, string name, int value, Trouble trouble = Trouble.None, string? key = null) => Broker.PublishAsync(
        "", queue, JsonSerializer.Serialize(new { value, trouble }), new BasicProperties
        {
            MessageId = $"put-{value}",
            Type = name,
            ContentType = "application/json",
            Headers = key is null ? null : new Dictionary<string, object?> { ["x-reliable-mq-ordering-key"] = key },
        });

    public Task PutAsync(Number number) => PutAsync(NumberHandlers.Queue, "crashes.number.v1", number.Value, number.Trouble);

    /// <summary>The broker delivers the message that was sent once more.</summary>
    public async Task SendAgainAsync()
    {
        var (id, body) = (await Database.QueryAsync("SELECT message_id, body FROM reliable_mq.outbox_history", row => (row.GetString(0), row.GetFieldValue<byte[]>(1)))).Single();
        await Broker.PublishAsync("", NumberHandlers.Queue, Encoding.UTF8.GetString(body), new BasicProperties { MessageId = id, Type = "crashes.number.v1", ContentType = "application/json" });
    }

    /// <summary>What nobody has settled is ready again when the process that had it is gone.</summary>
    public Task ShouldHoldAsync(string queue, uint copies) =>
        Eventually.EqualAsync(copies, () => Broker.UseChannelAsync(channel => channel.MessageCountAsync(queue)), $"messages in {queue}", Patience);

    /// <summary>The ack of what was settled just before may have been lost, too.</summary>
    public Task ShouldHoldSomeAsync(string queue) =>
        Eventually.TrueAsync(() => Broker.UseChannelAsync(async channel => await channel.MessageCountAsync(queue) > 0), $"messages in {queue}", Patience);

    /// <summary>What the dead process had begun in the database ends when the database learns that it is gone.</summary>
    public Task ShouldCountAsync(long expected, string rows) => Eventually.EqualAsync(expected, () => CountAsync(rows), rows, Patience);

    /// <summary>One too many is for the end to find.</summary>
    public Task ShouldReachAsync(long least, string rows) => Eventually.TrueAsync(async () => await CountAsync(rows) >= least, $"{least} of {rows}", Patience);

    /// <summary>Nothing waits to be sent, and nothing is unsettled.</summary>
    public async Task ShouldComeToRestAsync()
    {
        await ShouldCountAsync(0, "reliable_mq.outbox");
        await QueuesShouldEmptyAsync();
    }

    /// <summary>And stay so for longer than the broker's counts may be old.</summary>
    public async Task QueuesShouldEmptyAsync()
    {
        var since = TimeProvider.System.GetTimestamp();
        await Eventually.TrueAsync(
            async () =>
            {
                if ((await Broker.ListQueuesAsync()).Any(queue => queue.Messages > 0))
                {
                    since = TimeProvider.System.GetTimestamp();
                }

                return TimeProvider.System.GetElapsedTime(since) > UntilCounted;
            },
            "all queues are empty, and stay so", Patience);
    }

    /// <summary>In the order in which they were made.</summary>
    public async Task<IEnumerable<int>> EffectsAsync() => await Database.QueryAsync<int>("SELECT number FROM effect ORDER BY position");

    public Task<long> CountAsync(string rows) => Database.ScalarAsync<long>($"SELECT count(*) FROM {rows}");

    public async ValueTask DisposeAsync()
    {
        await Broker.DisposeAsync();
        await Database.DisposeAsync();
    }
}

using RabbitMQ.Client;
using ReliableMq.Broker;
using ReliableMq.Broker.Topology;
using ReliableMq.Integration.Support;
using ReliableMq.TestSupport;
using Xunit;

namespace ReliableMq.Integration.Broker;

/// <summary>
/// Khepri, which keeps the definitions of RabbitMQ 4.2 and later, lets a binding be made while its exchange is being
/// deleted. With the exchange declared again it is there, and leads nowhere.
/// </summary>
public class Bindings_that_lead_nowhere
{
    private const string Queue = "tests.numbers";
    private const string Exchange = "tests";
    private const string Key = "tests.numbered.v1";

    private static readonly Dictionary<string, object?> Arguments = new QueueTopology(Queue, Queue + ".dead", []).Arguments;

    [Fact]
    public async Task They_are_made_to_lead_there_again()
    {
        await using var world = await World.CreateAsync();
        await using var connection = await world.Broker.OpenConnectionAsync();
        Assert.SkipUnless(Version.Parse(BrokerVersion.Of(connection).ToString()) >= new Version(4, 3), "Seen on RabbitMQ 4.3, and mended there.");
        await LeadNowhereAsync(world);
        await DeclareAsync(world);
        (await LeadsThereAsync(world)).ShouldBeFalse("declaring it again does not help");

        await using var service = await world.StartAsync(setup => setup.HandleNumbered());
        await service.SaveAsync(new Numbered(1));

        await Eventually.EqualAsync([1], world.EffectsAsync, "effects");
    }

    [Fact]
    public async Task To_look_at_them_again_and_again_lets_nothing_fall()
    {
        await using var world = await World.CreateAsync();
        await DeclareAsync(world);
        using var enough = new CancellationTokenSource();
        var rewriting = Task.Run(async () =>
        {
            for (var count = 1; ; count++)
            {
                await world.Broker.UseChannelAsync(TopologyProbe.Rewrite(Queue, new Binding(Exchange, Key), CancellationToken.None));
                if (enough.IsCancellationRequested)
                {
                    return count;
                }
            }
        }, CancellationToken.None);

        for (var number = 0; number < 1000; number++)
        {
            await world.Broker.PublishAsync(Exchange, Key, "{}");
        }

        await enough.CancelAsync();
        (await rewriting).ShouldBeGreaterThan(20);
        (await world.Broker.QueueCountsAsync(Queue)).Ready.ShouldBe(1000u);
        (await world.Broker.CountAsync("bindings")).ShouldBe(2, "the queue's own to the default exchange, and this one");
    }

    private static async Task LeadNowhereAsync(World world)
    {
        for (var attempt = 0; attempt < 1000; attempt++)
        {
            await DeclareAsync(world);
            await Task.WhenAll(
                world.Broker.UseChannelAsync(channel => channel.ExchangeDeleteAsync(Exchange)),
                Task.Run(() => BindAsync(world)));
            await DeclareAsync(world);
            if (!await LeadsThereAsync(world))
            {
                return;
            }
        }

        Assert.Fail("This broker makes none of 1,000 bindings lead nowhere. Has it been mended? Then nothing needs to rewrite them.");
    }

    private static Task DeclareAsync(World world) => world.Broker.UseChannelAsync(async channel =>
    {
        await channel.QueueDeclareAsync(Queue, durable: true, exclusive: false, autoDelete: false, Arguments);
        await channel.ExchangeDeclareAsync(Exchange, ExchangeType.Topic, durable: true, autoDelete: false);
        await channel.QueueBindAsync(Queue, Exchange, Key);
    });

    /// <summary>In vain where the exchange is gone already.</summary>
    private static async Task BindAsync(World world)
    {
        try
        {
            await world.Broker.UseChannelAsync(channel => channel.QueueBindAsync(Queue, Exchange, Key));
        }
        catch (RabbitMQ.Client.Exceptions.OperationInterruptedException error) when (error.ShutdownReason?.ReplyCode == Constants.NotFound)
        {
        }
    }

    private static async Task<bool> LeadsThereAsync(World world)
    {
        try
        {
            await world.Broker.PublishAsync(Exchange, Key, "{}");
            await world.Broker.UseChannelAsync(channel => channel.QueuePurgeAsync(Queue));
            return true;
        }
        catch (Exception error) when (error.Message.Contains("NO_ROUTE", StringComparison.Ordinal))
        {
            return false;
        }
    }
}

using ReliableMq.Broker.Topology;
using ReliableMq.Integration.Support;
using ReliableMq.TestSupport;
using Xunit;

namespace ReliableMq.Integration.Ordering;

public class A_queue_without_a_single_active_consumer
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Is_told_and_used_as_it_is(bool asksManagement)
    {
        await using var world = await World.CreateAsync();
        await DeclareAsync(world, isOrdered: false);
        await using var service = await world.StartAsync(setup =>
        {
            setup.HandleInOrder(QueueOrder.ByKey);
            setup.Settings["Broker:ManagementUrl"] = asksManagement ? world.Broker.ManagementUri.ToString() : null;
        });
        await service.ConsumingAsync();

        await Eventually.TrueAsync(() => service.Logs.Entries.Any(entry => entry.EventId.Id == 3007 && entry.Message.Contains(
            $"queue \"{OrderedQueue.Name}\", x-single-active-consumer: expected true, found none. Until then the processes of the service handle its messages at once, and their order is not kept. Let the queue run empty, delete it and declare it anew.",
            StringComparison.Ordinal)), "the difference is told");
        (await service.HealthAsync()).Entries["reliable-mq-topology"].Description!.ShouldContain(QueueTopology.SingleActiveConsumer);
        await world.SendAsync([("k", 1)]);
        await Eventually.EqualAsync([1], world.EffectsAsync, "effects");
    }

    [Fact]
    public async Task Is_what_an_unordered_queue_needs()
    {
        await using var world = await World.CreateAsync();
        await DeclareAsync(world, isOrdered: true);
        await using var service = await world.StartAsync(setup =>
        {
            setup.HandleNumbered(OrderedQueue.Name);
            setup.Settings["Broker:ManagementUrl"] = world.Broker.ManagementUri.ToString();
        });
        await service.ConsumingAsync();

        await Eventually.TrueAsync(() => service.Logs.Entries.Any(entry => entry.EventId.Id == 3007 && entry.Message.Contains(
            $"queue \"{OrderedQueue.Name}\", x-single-active-consumer: expected none, found true. It is used as it is.", StringComparison.Ordinal)), "the difference is told");
    }

    private static Task DeclareAsync(World world, bool isOrdered) => world.Broker.UseChannelAsync(async channel => await channel.QueueDeclareAsync(
        OrderedQueue.Name, durable: true, exclusive: false, autoDelete: false,
        new QueueTopology(OrderedQueue.Name, $"{OrderedQueue.Name}.dead", []) { IsOrdered = isOrdered }.Arguments));
}

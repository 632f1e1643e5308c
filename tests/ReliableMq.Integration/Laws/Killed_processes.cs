using ReliableMq.Integration.Support;
using ReliableMq.TestSupport;
using Xunit;

namespace ReliableMq.Integration.Laws;

public class Killed_processes
{
    [Fact]
    public async Task A_consumer_killed_while_handling_leaves_one_effect_of_every_message()
    {
        await using var world = await World.CreateAsync();
        await using var producer = await world.StartAsync();
        await using (var consumer = world.StartProcess(Worker.Consume))
        {
            await consumer.WaitForLineAsync(line => line == "started");
            await producer.SaveAsync([.. Enumerable.Range(1, 20).Append(Worker.Trap).Select(number => new Numbered(number))]);
            await consumer.WaitForLineAsync(line => line == "trapped");
            consumer.Kill();
        }

        await using var successor = await world.StartAsync(setup => setup.HandleNumbered());

        await Eventually.EqualAsync(Enumerable.Range(1, 20).Append(Worker.Trap), world.EffectsAsync, "effects");
        await world.ShouldHaveSettledAllAsync(successor, "tests.numbers");
        (await world.EffectsAsync()).Count().ShouldBe(21);
    }

    [Fact]
    public async Task A_consumer_killed_again_and_again_leaves_one_effect_of_every_message()
    {
        const int count = 300;
        await using var world = await World.CreateAsync();
        await using var producer = await world.StartAsync();
        var random = new Random(4711);
        for (var kill = 0; kill < 4; kill++)
        {
            await using var consumer = world.StartProcess(Worker.Consume);
            await consumer.WaitForLineAsync(line => line == "started");
            await producer.SaveAsync([.. Enumerable.Range(kill * count / 4, count / 4).Select(number => new Numbered(number))]);
            var enough = random.Next(1, count / 6);
            await Eventually.TrueAsync(() => consumer.Output.Count(line => line.StartsWith("handling ", StringComparison.Ordinal)) >= enough, "the consumer handles");
            consumer.Kill();
        }

        await using var successor = await world.StartAsync(setup => setup.HandleNumbered());

        await Eventually.EqualAsync(Enumerable.Range(0, count), world.EffectsAsync, "effects");
        await world.ShouldHaveSettledAllAsync(successor, "tests.numbers");
        (await world.EffectsAsync()).ShouldBe(Enumerable.Range(0, count));
    }

    [Fact]
    public async Task What_a_killed_producer_committed_and_never_sent_is_sent_by_another()
    {
        await using var world = await World.CreateAsync();
        await using var proxy = await TcpProxy.StartAsync(world.Broker.HostName, world.Broker.Port);
        proxy.AcceptAndIgnore = true;
        await using (var producer = world.StartProcess(Worker.Produce, 50, world.Addresses with { BrokerHost = $"{proxy.Host}:{proxy.Port}" }))
        {
            await producer.WaitForLineAsync(line => line == "saved 49");
            producer.Kill();
        }

        (await world.OutboxAsync()).Count.ShouldBe(50);
        await using var successor = await world.StartAsync(setup =>
        {
            setup.HandleNumbered();
            setup.Settings["Outbox:PollInterval"] = "00:00:01";
        });

        // Lease of the dead, poll and a second.
        await Eventually.EqualAsync(Enumerable.Range(0, 50), world.EffectsAsync, "effects");
        await Eventually.EqualAsync(0, () => world.CountAsync("outbox"), "rows left in the outbox");
    }
}

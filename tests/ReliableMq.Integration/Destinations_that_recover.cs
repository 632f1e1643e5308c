using ReliableMq.Integration.Support;
using ReliableMq.TestSupport;
using RabbitMQ.Client;
using Xunit;

namespace ReliableMq.Integration;

public class Destinations_that_recover
{
    [Fact]
    public async Task What_is_set_aside_in_the_moment_of_the_recovery_is_called_back_as_well()
    {
        await using var world = await World.CreateAsync();
        await world.BindPlainQueueAsync("numbers", "tests", "tests.numbered.v1");
        await using var service = await world.StartAsync();
        using var enough = new CancellationTokenSource();
        var storing = StoreAsync(service, enough.Token);

        for (var time = 0; time < 5; time++)
        {
            await world.Broker.UseChannelAsync(channel => channel.QueueUnbindAsync("numbers", "tests", "tests.numbered.v1"));
            await Eventually.TrueAsync(async () => (await world.OutboxAsync()).Any(row => row.ErrorKind is not null), "a message was returned");
            await world.Broker.UseChannelAsync(channel => channel.QueueBindAsync("numbers", "tests", "tests.numbered.v1"));
            var sent = await world.CountAsync("outbox_history");
            await Eventually.TrueAsync(async () => await world.CountAsync("outbox_history") > sent, "messages leave again");
        }

        await enough.CancelAsync();
        await storing;

        // A row that nobody calls back waits for 450 s and more.
        await Eventually.EqualAsync(0, () => world.CountAsync("outbox"), "messages left in the outbox", TimeSpan.FromMinutes(2));
    }

    private static async Task StoreAsync(TestService service, CancellationToken enough)
    {
        for (var number = 0; !enough.IsCancellationRequested; number++)
        {
            await service.SaveAsync(new Numbered(number));
        }
    }
}

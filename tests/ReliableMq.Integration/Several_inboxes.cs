using Microsoft.Extensions.DependencyInjection;
using ReliableMq.Integration.Support;
using ReliableMq.TestSupport;
using Xunit;

namespace ReliableMq.Integration;

public class Several_inboxes
{
    [Fact]
    public async Task Each_queue_is_handled_in_the_transaction_of_the_context_it_names()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup =>
        {
            setup.AddSecond("second_mq");
            setup.Services += services => services.AddReliableMq().AddInbox<SecondDb>();
            setup.Handle<Numbered>("tests.first", (message, db, _) =>
            {
                db.Effects.Add(new Effect { Number = message.Number, Note = "first" });
                return Task.CompletedTask;
            }, inbox: typeof(TestDb));
            setup.Handlers.Add(new HandlerDefinition
            {
                Queue = "tests.second", MessageName = "tests.numbered.v1", MessageType = typeof(Numbered), HandlerName = "tests.second", Inbox = typeof(SecondDb), Retry = "",
                Invoke = (services, message, context) =>
                {
                    var db = services.GetRequiredService<SecondDb>();
                    db.Effects.Add(new Effect { Number = ((Numbered)message).Number, Note = "second" });
                    return ((Numbered)message).Number == 3 ? throw new InvalidOperationException("three") : default;
                },
            });
        });
        await service.ConsumingAsync();

        await service.SaveAsync(new Numbered(1), new Numbered(2), new Numbered(3));

        await Eventually.EqualAsync(["1 first", "1 second", "2 first", "2 second", "3 first"],
            async () => await world.Database.QueryAsync<string>("SELECT \"Number\" || ' ' || \"Note\" FROM \"Effects\" ORDER BY 1"), "effects");
        (await world.CountAsync("inbox")).ShouldBe(3);
        await Eventually.EqualAsync(1L, () => world.Database.ScalarAsync<long>("SELECT count(*) FROM second_mq.dead_letter"), "dead letters of the second");
        (await world.Database.ScalarAsync<long>("SELECT count(*) FROM second_mq.inbox")).ShouldBe(2);
        (await service.DeadLetters.ListAsync().SingleAsync()).Queue.ShouldBe("tests.second");
    }
}

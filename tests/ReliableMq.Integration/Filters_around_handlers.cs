using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using ReliableMq.Integration.Support;
using ReliableMq.TestSupport;
using Xunit;

namespace ReliableMq.Integration;

public class Filters_around_handlers
{
    [Fact]
    public async Task What_a_filter_writes_is_committed_with_the_message_or_not_at_all()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup =>
        {
            setup.HandleNumbered(before: (message, context) => message.Number == 2 && context.Attempt == 1 ? throw new InvalidOperationException("once") : Task.CompletedTask);
            setup.Services = services => services.AddReliableMq().AddHandlingFilter<Audit>();
        });

        await service.SaveAsync(new Numbered(1));
        await service.SaveAsync(new Numbered(2));

        await Eventually.EqualAsync([1, 2, 1001, 1002], world.EffectsAsync, "effects of handler and filter");
        (await world.Database.QueryAsync<string>("SELECT \"Note\" FROM \"Effects\" WHERE \"Number\" > 1000 ORDER BY \"Number\"")).ShouldBe(["attempt 1", "attempt 2"]);
    }

    [Fact]
    public async Task One_of_a_type_fails_that_type_and_no_other()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup =>
        {
            setup.HandleNumbered();
            setup.Handle<Followed>("tests.numbers", (message, db, _) =>
            {
                db.Effects.Add(new Effect { Number = 100 + message.Number });
                return Task.CompletedTask;
            });
            setup.Services = services => services.AddReliableMq().AddHandlingFilter<Refuse, Numbered>();
        });
        await service.ConsumingAsync();

        await service.SaveAsync(new Numbered(1), new Followed(1));

        await Eventually.TrueAsync(async () => await service.DeadLetters.ListAsync().AnyAsync(), "the refused one is a dead letter");
        (await service.DeadLetters.ListAsync().SingleAsync()).Reason.ShouldBe("no numbers today");
        await Eventually.EqualAsync([101], world.EffectsAsync, "effects");
    }

    [Fact]
    public async Task What_a_handler_logs_says_which_message_it_handles()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup => setup.Handlers.Add(new HandlerDefinition
        {
            Queue = "tests.numbers", MessageName = "tests.numbered.v1", MessageType = typeof(Numbered), HandlerName = "tests.numbers", Retry = "",
            Invoke = (services, _, context) =>
            {
                services.GetRequiredService<ILogger<Filters_around_handlers>>().LogInformation("handled");
                services.GetRequiredService<TestDb>().Effects.Add(new Effect { Number = 1, Note = context.MessageId });
                return default;
            },
        }));
        await service.ConsumingAsync();

        await service.SaveAsync(new Numbered(1));

        await Eventually.EqualAsync([1], world.EffectsAsync, "effects");
        var id = (await world.Database.QueryAsync<string>("SELECT \"Note\" FROM \"Effects\"")).Single();
        var entry = service.Logs.Entries.Single(logged => logged.Message == "handled");
        entry.Scopes.ShouldContain($"message tests.numbered.v1 {id} from tests.numbers, attempt 1");
    }

    private sealed class Audit(TestDb db) : IHandlingFilter
    {
        public async ValueTask HandleAsync(object message, MessageContext context, Func<ValueTask> next)
        {
            db.Effects.Add(new Effect { Number = 1000 + ((Numbered)message).Number, Note = $"attempt {context.Attempt}" });
            await next();
            (await db.Effects.CountAsync(context.CancellationToken)).ShouldBeGreaterThanOrEqualTo(0);
        }
    }

    private sealed class Refuse : IHandlingFilter<Numbered>
    {
        public ValueTask HandleAsync(Numbered message, MessageContext context, Func<ValueTask> next) => throw new PermanentFailureException("no numbers today");
    }
}

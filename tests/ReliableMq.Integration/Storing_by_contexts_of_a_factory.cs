using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using ReliableMq.Integration.Support;
using ReliableMq.TestSupport;
using Xunit;

namespace ReliableMq.Integration;

public class Storing_by_contexts_of_a_factory
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_they_save_is_sent_and_handled_and_nothing_stays_in_a_context_for_the_next_user(bool pooled)
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup =>
        {
            setup.Register = (services, options) => _ = pooled
                ? services.AddPooledDbContextFactory<TestDb>(options)
                : services.AddDbContextFactory<TestDb>(options);
            setup.HandleNumbered();
        });
        await service.ConsumingAsync();
        var contexts = service.Host.Services.GetRequiredService<IDbContextFactory<TestDb>>();

        await using (var abandoned = await contexts.CreateDbContextAsync())
        {
#pragma warning disable RMQ060 // To forget the save is what is tested.
            abandoned.AddMessage(new Numbered(1));
#pragma warning restore RMQ060
        }

        await using (var db = await contexts.CreateDbContextAsync())
        {
            db.Effects.Add(new Effect { Number = 2 });
            db.AddMessage(new Numbered(3));
            await db.SaveChangesAsync();
        }

        await using (var db = await contexts.CreateDbContextAsync())
        {
            await using var transaction = await db.Database.BeginTransactionAsync();
            db.AddMessage(new Numbered(4));
            await db.SaveChangesAsync();
            await transaction.RollbackAsync();
            db.AddMessage(new Numbered(5));
            await db.SaveChangesAsync();
        }

        await Eventually.EqualAsync([2, 3, 5], world.EffectsAsync, "effects");
        await Eventually.EqualAsync(2, () => world.CountAsync("outbox_history"), "sent rows");
        service.Logs.Entries.Where(entry => entry.EventId.Id == 1001).ShouldHaveSingleItem();
    }
}

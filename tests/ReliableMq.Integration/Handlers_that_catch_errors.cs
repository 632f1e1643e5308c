using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using ReliableMq.Integration.Support;
using ReliableMq.TestSupport;
using Xunit;

namespace ReliableMq.Integration;

/// <summary>PostgreSQL rolls an aborted transaction back at its COMMIT, and says so nowhere.</summary>
public class Handlers_that_catch_errors
{
    private const string Reason = "\" caught an error of the database, which had aborted the transaction in which its message is handled. Let it through, avoid it by ON CONFLICT or by looking first, or roll back to a savepoint of your own.";

    [Fact]
    public async Task Of_a_context_have_not_handled_their_message()
    {
        await using var world = await WorldAsync();
        await using var service = await world.StartAsync(setup => setup.Handle<Numbered>("tests.numbers", async (message, db, context) =>
        {
            db.Effects.Add(new Effect { Number = message.Number, Note = "before" });
            await db.SaveChangesAsync(context.CancellationToken);
            try
            {
                db.Effects.Add(new Effect { Number = 0 });
                await db.SaveChangesAsync(context.CancellationToken);
            }
            catch (DbUpdateException)
            {
                db.ChangeTracker.Clear();
            }
        }, retry: "100ms"));

        await ShouldBeDeadAsync(world, service);
    }

    [Fact]
    public async Task Of_a_batch_have_not_handled_their_messages()
    {
        await using var world = await WorldAsync();
        await using var service = await world.StartAsync(setup => setup.HandleMany<Numbered>("tests.numbers", async (messages, db, contexts) =>
        {
            try
            {
                await db.Database.ExecuteSqlAsync($"INSERT INTO \"Effects\" (\"Number\", \"Note\") VALUES (0, '')", contexts[0].CancellationToken);
            }
            catch (PostgresException)
            {
                messages.Count.ShouldBeGreaterThan(0);
            }
        }, retry: "100ms"));

        await ShouldBeDeadAsync(world, service);
    }

    [Fact]
    public async Task Of_a_data_source_have_not_handled_their_message()
    {
        await using var world = await WorldAsync();
        await using var source = NpgsqlDataSource.Create(world.Database.ConnectionString);
        await using var service = await world.StartAsync(setup => setup.Services = services => services.AddReliableMq().AddInbox(source).AddHandler(new HandlerDefinition
        {
            Queue = "tests.numbers", MessageName = "tests.numbered.v1", MessageType = typeof(Numbered), HandlerName = "tests.tests.numbers.Numbered", Inbox = typeof(NpgsqlDataSource), Retry = "100ms",
            Invoke = async (_, _, context) =>
            {
                try
                {
                    await using var command = new NpgsqlCommand("INSERT INTO \"Effects\" (\"Number\", \"Note\") VALUES (0, '')", context.Transaction!.Connection, context.Transaction);
                    await command.ExecuteNonQueryAsync(context.CancellationToken);
                }
                catch (PostgresException)
                {
                    // As careless handlers do.
                }
            },
        }));

        await ShouldBeDeadAsync(world, service);
    }

    [Fact]
    public async Task And_roll_back_to_a_savepoint_have_handled_it()
    {
        await using var world = await WorldAsync();
        await using var service = await world.StartAsync(setup => setup.Handle<Numbered>("tests.numbers", async (message, db, context) =>
        {
            db.Effects.Add(new Effect { Number = message.Number });
            await db.SaveChangesAsync(context.CancellationToken);
            await db.Database.CurrentTransaction!.CreateSavepointAsync("own", context.CancellationToken);
            try
            {
                await db.Database.ExecuteSqlAsync($"INSERT INTO \"Effects\" (\"Number\", \"Note\") VALUES (0, '')", context.CancellationToken);
            }
            catch (PostgresException)
            {
                await db.Database.CurrentTransaction!.RollbackToSavepointAsync("own", context.CancellationToken);
            }
        }));
        await service.ConsumingAsync();

        await service.SaveAsync(new Numbered(1), new Numbered(2));

        await Eventually.EqualAsync([1, 2], world.EffectsAsync, "effects");
        (await world.CountAsync("inbox")).ShouldBe(2);
    }

    [Fact]
    public async Task Changes_without_tracking_are_part_of_the_message()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup => setup.Handle<Numbered>("tests.numbers", async (message, db, context) =>
        {
            db.Effects.Add(new Effect { Number = message.Number });
            await db.SaveChangesAsync(context.CancellationToken);
            await db.Effects.Where(effect => effect.Number == message.Number).ExecuteUpdateAsync(effect => effect.SetProperty(changed => changed.Number, changed => changed.Number + 100), context.CancellationToken);
            if (context.Attempt == 1)
            {
                throw new InvalidOperationException("once");
            }
        }));
        await service.ConsumingAsync();

        await service.SaveAsync(new Numbered(1));

        await Eventually.EqualAsync([101], world.EffectsAsync, "effects, once");
    }

    private static async Task<World> WorldAsync()
    {
        var world = await World.CreateAsync();
        await world.Database.ExecuteAsync("ALTER TABLE \"Effects\" ADD CHECK (\"Number\" > 0)");
        return world;
    }

    private static async Task ShouldBeDeadAsync(World world, TestService service)
    {
        await service.ConsumingAsync();
        await service.SaveAsync(new Numbered(1));
        await Eventually.TrueAsync(async () => await service.DeadLetters.ListAsync().AnyAsync(), "the dead letter");
        var dead = await service.DeadLetters.ListAsync().SingleAsync();
        (dead.Attempts, dead.Reason).ShouldBe((2, $"The handler \"tests.tests.numbers.Numbered{Reason}"));
        (await world.EffectsAsync()).ShouldBeEmpty();
        (await world.CountAsync("inbox")).ShouldBe(0);
    }
}

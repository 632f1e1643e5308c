using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using ReliableMq.Integration.Support;
using ReliableMq.TestSupport;
using Xunit;

namespace ReliableMq.Integration;

public class Handlers_on_a_data_source
{
    [Fact]
    public async Task What_is_written_in_the_contexts_transaction_is_committed_with_the_message()
    {
        await using var world = await World.CreateAsync();
        await world.BindPlainQueueAsync("seen", "tests", "tests.followed.v1");
        await using var source = NpgsqlDataSource.Create(world.Database.ConnectionString);
        await using var service = await StartAsync(world, source, async (services, number, context) =>
        {
            await InsertAsync(context, number);
            await services.GetRequiredService<IOutbox>().AddAsync(context.Transaction!, new Followed(number), cancellationToken: context.CancellationToken);
            if (number % 2 == 1 && context.Attempt == 1)
            {
                throw new InvalidOperationException("once");
            }
        });
        await service.ConsumingAsync();

        await service.SaveAsync([.. Enumerable.Range(0, 20).Select(number => new Numbered(number))]);

        await Eventually.EqualAsync(Enumerable.Range(0, 20), world.EffectsAsync, "effects");
        await Eventually.EqualAsync(0L, () => world.CountAsync("outbox"), "unsent messages");
        (await world.Broker.UseChannelAsync(channel => channel.MessageCountAsync("seen"))).ShouldBe(20u);
        (await world.Database.ScalarAsync<long>("SELECT count(*) FROM reliable_mq.outbox_history WHERE causation_id IS NOT NULL")).ShouldBe(20);
        (await world.CountAsync("failure")).ShouldBe(0);
    }

    [Fact]
    public async Task A_handler_that_ends_the_transaction_is_told_and_its_message_is_a_dead_letter()
    {
        await using var world = await World.CreateAsync();
        await using var source = NpgsqlDataSource.Create(world.Database.ConnectionString);
        await using var service = await StartAsync(world, source, async (_, number, context) =>
        {
            await InsertAsync(context, number);
            await context.Transaction!.RollbackAsync(context.CancellationToken);
        });
        await service.ConsumingAsync();

        await service.SaveAsync(new Numbered(1));

        await Eventually.TrueAsync(async () => await service.DeadLetters.ListAsync().AnyAsync(), "the dead letter");
        (await service.DeadLetters.ListAsync().SingleAsync()).Reason.ShouldBe(
            "The handler \"tests.sql\" ended the transaction in which its message is handled, so what it wrote may be committed without being marked as done. Leave the transaction to ReliableMq.");
        (await world.EffectsAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_message_added_in_another_transaction_is_refused()
    {
        await using var world = await World.CreateAsync();
        await using var source = NpgsqlDataSource.Create(world.Database.ConnectionString);
        await using var service = await StartAsync(world, source, async (services, number, context) =>
        {
            await using var connection = await source.OpenConnectionAsync(context.CancellationToken);
            await using var transaction = await connection.BeginTransactionAsync(context.CancellationToken);
            await services.GetRequiredService<IOutbox>().AddAsync(transaction, new Followed(number), cancellationToken: context.CancellationToken);
            await transaction.CommitAsync(context.CancellationToken);
        });
        await service.ConsumingAsync();

        await service.SaveAsync(new Numbered(1));

        await Eventually.TrueAsync(async () => await service.DeadLetters.ListAsync().AnyAsync(), "the dead letter");
        (await service.DeadLetters.ListAsync().SingleAsync()).Reason.ShouldBe(
            "The message \"tests.followed.v1\" was added in another transaction than the one in which \"tests.sql\" handles, so it could be sent although the handling fails. Add it with IOutbox in the transaction of the handler's MessageContext.");
        (await world.Database.ScalarAsync<long>("SELECT count(*) FROM reliable_mq.outbox_history WHERE name = 'tests.followed.v1'")).ShouldBe(0);
    }

    [Fact]
    public async Task A_service_needs_no_context_at_all()
    {
        await using var world = await World.CreateAsync();
        await using var source = NpgsqlDataSource.Create(world.Database.ConnectionString);
        await using var service = world.Build(setup =>
        {
            setup.Contexts = false;
            setup.Services = services => services.AddReliableMq().AddInbox(_ => source).AddHandler(Handler((_, number, context) => InsertAsync(context, number)));
        });
        await service.StartAsync();
        await service.ConsumingAsync();

        await using (var connection = await source.OpenConnectionAsync())
        {
            await using var transaction = await connection.BeginTransactionAsync();
            await service.Host.Services.GetRequiredService<IOutbox>().AddAsync(transaction, new Numbered(1));
            await transaction.CommitAsync();
        }

        await Eventually.EqualAsync([1], world.EffectsAsync, "effects");
    }

    private static Task<TestService> StartAsync(World world, NpgsqlDataSource source, Func<IServiceProvider, int, MessageContext, Task> handle) =>
        world.StartAsync(setup => setup.Services = services => services.AddReliableMq().AddInbox(source).AddHandler(Handler(handle)));

    private static HandlerDefinition Handler(Func<IServiceProvider, int, MessageContext, Task> handle) => new()
    {
        Queue = "tests.numbers",
        MessageName = "tests.numbered.v1",
        MessageType = typeof(Numbered),
        HandlerName = "tests.sql",
        Inbox = typeof(NpgsqlDataSource),
        Retry = "100ms",
        Invoke = (services, message, context) => new ValueTask(handle(services, ((Numbered)message).Number, context)),
    };

    private static async Task InsertAsync(MessageContext context, int number)
    {
        await using var command = new NpgsqlCommand("INSERT INTO \"Effects\" (\"Number\", \"Note\") VALUES (@number, '')", context.Transaction!.Connection, context.Transaction)
        {
            Parameters = { new NpgsqlParameter<int>("number", number) },
        };
        await command.ExecuteNonQueryAsync(context.CancellationToken);
    }
}

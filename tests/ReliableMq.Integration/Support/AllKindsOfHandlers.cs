using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace ReliableMq.Integration.Support;

/// <summary>One queue for each kind of handler; each message has an effect and causes another message.</summary>
internal static class AllKindsOfHandlers
{
    public static readonly string[] Queues = ["tests.context", "tests.source", "tests.batch"];

    public static void AddTo(TestServiceSetup setup)
    {
        var source = NpgsqlDataSource.Create(setup.ConnectionString);
        setup.Services += services => services.AddReliableMq().AddInbox(source);
        setup.Handle<Numbered>("tests.context", async (message, db, context) =>
        {
            db.Effects.Add(new Effect { Number = message.Number, Note = context.Queue });
            await db.SaveChangesAsync(context.CancellationToken);
            db.AddMessage(new Followed(message.Number));
        }, inbox: typeof(TestDb));
        setup.Handlers.Add(new HandlerDefinition
        {
            Queue = "tests.source", MessageName = "tests.numbered.v1", MessageType = typeof(Numbered), HandlerName = "tests.source", Inbox = typeof(NpgsqlDataSource), Retry = "100ms",
            Invoke = async (services, message, context) =>
            {
                await using var command = new NpgsqlCommand("INSERT INTO \"Effects\" (\"Number\", \"Note\") VALUES (@number, @note)", context.Transaction!.Connection, context.Transaction)
                {
                    Parameters = { new NpgsqlParameter<int>("number", ((Numbered)message).Number), new NpgsqlParameter<string>("note", context.Queue) },
                };
                await command.ExecuteNonQueryAsync(context.CancellationToken);
                await services.GetRequiredService<IOutbox>().AddAsync(context.Transaction, new Followed(((Numbered)message).Number), cancellationToken: context.CancellationToken);
            },
        });
        setup.HandleMany<Numbered>("tests.batch", (messages, db, contexts) =>
        {
            foreach (var (message, context) in messages.Zip(contexts))
            {
                db.Effects.Add(new Effect { Number = message.Number, Note = context.Queue });
                db.AddMessage(new Followed(message.Number));
            }

            return Task.CompletedTask;
        }, batchSize: 20, linger: "20ms", inbox: typeof(TestDb));
    }
}

using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace ReliableMq.Faults.Workload;

/// <summary>Handlers on a context: each writes its effect, and some cause messages.</summary>
public sealed class ContextHandlers(HandlingDb db, Fates fates)
{
    [MessageHandler("faults.items", Retry = Fates.Retry, Inbox = typeof(HandlingDb))]
    public async Task HandleAsync(Item item, MessageContext context)
    {
        await fates.MeetAsync(item, context);
        Work.Do(db, fates, item, context.Queue);
    }

    [MessageHandler(Subscribers.Ordered, Retry = Fates.Retry, Order = QueueOrder.ByKey, Inbox = typeof(HandlingDb))]
    public async Task HandleAsync(Entry entry, MessageContext context)
    {
        await fates.MeetAsync(entry, context);
        var last = await db.Effects.Where(effect => effect.Key == context.OrderingKey).OrderByDescending(effect => effect.Number)
            .Select(effect => effect.Id).FirstOrDefaultAsync(context.CancellationToken);
        Work.Do(db, fates, entry, context.Queue, context.OrderingKey, last);
    }

    [MessageHandler("faults.packs", Retry = Fates.Retry, BatchSize = 20, Linger = "50ms", Inbox = typeof(HandlingDb))]
    public async Task HandleAsync(IReadOnlyList<Pack> packs, IReadOnlyList<MessageContext> contexts)
    {
        foreach (var (pack, context) in packs.Zip(contexts))
        {
            await fates.MeetAsync(pack, context);
            Work.Do(db, fates, pack, context.Queue);
        }
    }

    [MessageHandler("faults.notices-first", Retry = Fates.Retry, Inbox = typeof(HandlingDb))]
    public async Task HandleFirstAsync(Notice notice, MessageContext context)
    {
        await fates.MeetAsync(notice, context);
        Work.Do(db, fates, notice, context.Queue);
    }
}

/// <summary>Handlers without EF.</summary>
public sealed class PlainHandlers(Fates fates)
{
    [MessageHandler("faults.children", Retry = Fates.Retry, Inbox = typeof(NpgsqlDataSource))]
    public Task HandleAsync(Child child, MessageContext context) => HandleAsync((IWork)child, context);

    [MessageHandler("faults.notices-second", Retry = Fates.Retry, Inbox = typeof(NpgsqlDataSource))]
    public Task HandleAsync(Notice notice, MessageContext context) => HandleAsync((IWork)notice, context);

    private async Task HandleAsync(IWork work, MessageContext context)
    {
        await fates.MeetAsync(work, context);
        await using var insert = new NpgsqlCommand("INSERT INTO effect (queue, id, process) VALUES ($1, $2, $3)", context.Transaction!.Connection, context.Transaction)
        {
            Parameters = { new() { Value = context.Queue }, new() { Value = work.Id }, new() { Value = fates.Process } },
        };
        await insert.ExecuteNonQueryAsync(context.CancellationToken);
    }
}

internal static class Work
{
    public static void Do(HandlingDb db, Fates fates, IWork work, string queue, string? key = null, string? after = null)
    {
        db.Effects.Add(new Effect { Queue = queue, Id = work.Id, Key = key, After = after, Process = fates.Process });
        for (var i = 1; i <= work.Fate.Children; i++)
        {
            var child = new Child($"{work.Id}/{i}", new Fate());
            db.AddMessage(child);
            db.Stored.Add(new Stored { Id = child.Id, Kind = nameof(Child) });
        }
    }
}

using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace ReliableMq.Faults.Workload;

/// <summary>
/// Handlers on a context: each writes its effect, and some cause messages. They fail after they have written, so that what
/// a failed attempt leaves behind shows.
/// </summary>
public sealed class ContextHandlers(HandlingDb db, Fates fates)
{
    [MessageHandler("faults.items", Retry = Fates.Retry, Inbox = typeof(HandlingDb))]
    public async Task HandleAsync(Item item, MessageContext context)
    {
        Work.Do(db, fates, item, context.Queue);
        await db.SaveChangesAsync(context.CancellationToken);
        await fates.MeetAsync(item, context);
    }

    [MessageHandler("faults.directs", Retry = Fates.Retry, Inbox = typeof(HandlingDb))]
    public async Task HandleAsync(Direct direct, MessageContext context)
    {
        Work.Do(db, fates, direct, context.Queue);
        await db.SaveChangesAsync(context.CancellationToken);
        await fates.MeetAsync(direct, context);
    }

    [MessageHandler(Subscribers.Ordered, Retry = Fates.Retry, Order = QueueOrder.ByKey, Inbox = typeof(HandlingDb))]
    public Task HandleAsync(Entry entry, MessageContext context) => HandleInOrderAsync(entry, context);

    [MessageHandler(Subscribers.OneAtATime, Retry = Fates.Retry, Order = QueueOrder.OneAtATime, Inbox = typeof(HandlingDb))]
    public Task HandleAsync(Line line, MessageContext context) => HandleInOrderAsync(line, context);

    private async Task HandleInOrderAsync(IWork work, MessageContext context)
    {
        var last = await db.Effects.Where(effect => effect.Queue == context.Queue && effect.Key == context.OrderingKey).OrderByDescending(effect => effect.Number)
            .Select(effect => effect.Id).FirstOrDefaultAsync(context.CancellationToken);
        Work.Do(db, fates, work, context.Queue, context.OrderingKey, last);
        await db.SaveChangesAsync(context.CancellationToken);
        await fates.MeetAsync(work, context);
    }

    [MessageHandler("faults.packs", Retry = Fates.Retry, BatchSize = 20, Linger = "50ms", Inbox = typeof(HandlingDb))]
    public async Task HandleAsync(IReadOnlyList<Pack> packs, IReadOnlyList<MessageContext> contexts)
    {
        foreach (var (pack, context) in packs.Zip(contexts))
        {
            Work.Do(db, fates, pack, context.Queue);
            await db.SaveChangesAsync(context.CancellationToken);
            await fates.MeetAsync(pack, context);
        }
    }

    [MessageHandler("faults.notices-first", Retry = Fates.Retry, Inbox = typeof(HandlingDb))]
    public async Task HandleFirstAsync(Notice notice, MessageContext context)
    {
        Work.Do(db, fates, notice, context.Queue);
        await db.SaveChangesAsync(context.CancellationToken);
        await fates.MeetAsync(notice, context);
    }
}

/// <summary>Handlers without EF.</summary>
public sealed class PlainHandlers(Fates fates, IOutbox outbox)
{
    [MessageHandler("faults.children", Retry = Fates.Retry, Inbox = typeof(NpgsqlDataSource))]
    public Task HandleAsync(Child child, MessageContext context) => HandleAsync((IWork)child, context);

    // One delivery may be held here at a time; the others that fail wait for their next attempt in the outbox.
    [MessageHandler("faults.notices-second", Retry = Fates.Retry, Prefetch = 2, Inbox = typeof(NpgsqlDataSource))]
    public Task HandleAsync(Notice notice, MessageContext context) => HandleAsync((IWork)notice, context);

    private async Task HandleAsync(IWork work, MessageContext context)
    {
        await using var insert = new NpgsqlCommand("INSERT INTO effect (queue, id, process) VALUES ($1, $2, $3)", context.Transaction!.Connection, context.Transaction)
        {
            Parameters = { new() { Value = context.Queue }, new() { Value = work.Id }, new() { Value = fates.Process } },
        };
        await insert.ExecuteNonQueryAsync(context.CancellationToken);
        foreach (var child in Work.ChildrenOf(work))
        {
            await outbox.AddAsync(context.Transaction, child, cancellationToken: context.CancellationToken);
            await using var store = new NpgsqlCommand(
                "INSERT INTO stored (id, kind, is_hopeless, may_die, attempts_to_die) VALUES ($1, 'Child', false, false, 0)", context.Transaction.Connection, context.Transaction)
            {
                Parameters = { new() { Value = child.Id } },
            };
            await store.ExecuteNonQueryAsync(context.CancellationToken);
        }

        await fates.MeetAsync(work, context);
    }
}

/// <summary>A handler without an inbox: it writes at its end, on a connection of its own, as often as it runs.</summary>
public sealed class GlimpseHandlers(Fates fates, NpgsqlDataSource database, TimeProvider time)
{
    [MessageHandler(Subscribers.AtLeastOnce, Retry = Fates.Retry, Inbox = typeof(NoInbox))]
    public async Task HandleAsync(Glimpse glimpse, MessageContext context)
    {
        await fates.MeetAsync(glimpse, context);
        while (!await TryWriteAsync(glimpse, context))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(500), time, context.CancellationToken);
        }
    }

    /// <summary>That its database is away is no failure of the message, and here only the handler can know.</summary>
    private async Task<bool> TryWriteAsync(Glimpse glimpse, MessageContext context)
    {
        try
        {
            await using var insert = database.CreateCommand("INSERT INTO effect (queue, id, process) VALUES ($1, $2, $3)");
            insert.Parameters.Add(new() { Value = context.Queue });
            insert.Parameters.Add(new() { Value = glimpse.Id });
            insert.Parameters.Add(new() { Value = fates.Process });
            await insert.ExecuteNonQueryAsync(context.CancellationToken);
            return true;
        }
        catch (Exception) when (!context.CancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }
}

internal static class Work
{
    public static void Do(HandlingDb db, Fates fates, IWork work, string queue, string? key = null, string? after = null)
    {
        db.Effects.Add(new Effect { Queue = queue, Id = work.Id, Key = key, After = after, Process = fates.Process });
        foreach (var child in ChildrenOf(work))
        {
            db.AddMessage(child);
            db.Stored.Add(new Stored { Id = child.Id, Kind = nameof(Child) });
        }
    }

    /// <summary>Each run's children have ids of their own: a second run must not be stopped by the first one's primary keys.</summary>
    public static IEnumerable<Child> ChildrenOf(IWork work) =>
        Enumerable.Range(1, work.Fate.Children).Select(number => new Child($"{work.Id}/{number}-{Guid.NewGuid():N}", new Fate()));
}

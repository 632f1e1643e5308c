using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Npgsql;

namespace ReliableMq.Faults.Workload;

/// <summary>
/// Stores messages in every way there is, each with a business row of its own in the same transaction, and some of them
/// in transactions that are rolled back. The journal knows what was about to be committed and what was.
/// </summary>
internal sealed class Producer(
    RoleOrders orders, IServiceScopeFactory scopes, IMessagePublisher publisher, NpgsqlDataSource database, Journal journal, TimeProvider time) : BackgroundService
{
    private const int Loops = 4;
    private const int Publishes = 3;
    private static readonly TimeSpan PublishPatience = TimeSpan.FromSeconds(10);

    private readonly CancellationTokenSource _storing = new();
    private int _number;

    public void StopStoring() => _storing.Cancel();

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => orders.IsStoring
        ? Task.WhenAll(Enumerable.Range(0, Loops).Select(loop => StoreAsync(new Random(HashCode.Combine(orders.Seed, loop)), stoppingToken)))
        : Task.CompletedTask;

    private async Task StoreAsync(Random random, CancellationToken stopping)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(stopping, _storing.Token);
        while (!ended.IsCancellationRequested)
        {
            await Task.Delay(TimeSpan.FromSeconds(Loops / orders.Rate * 2 * random.NextDouble()), time, ended.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (ended.IsCancellationRequested)
            {
                return;
            }

            if (random.Next(12) == 0)
            {
                await PublishAsync(Drafts.WithoutOutbox(random, NewId()), stopping);
                continue;
            }

            var messages = Drafts.Next(random, NewId, mayKill: orders.Soak is null);
            var ids = messages.Select(message => message.Work.Id).ToList();
            journal.Write(JournalAct.About, ids);
            Func<Task> store = random.Next(10) switch
            {
                0 or 1 or 2 => () => SaveAsync(messages, random),
                3 or 4 or 5 => () => SaveInTransactionAsync(messages, random, commit: true),
                6 => () => SaveInTransactionAsync(messages, random, commit: false),
                7 or 8 => () => AddAsync(messages),
                _ => () => AddBehindSavepointAsync(messages),
            };
            try
            {
                await store();
            }
            catch (Exception error)
            {
                var isCommitTried = error is not NotCommittedException;
                await Console.Error.WriteLineAsync($"store: {error.Message}");
                journal.Write(isCommitTried ? JournalAct.Unknown : JournalAct.NotCommitted, ids);
                // Storing needs the database and nothing else.
                journal.Write(IsOfTheDatabase(error) ? JournalAct.StoringFailed : JournalAct.StoringRefused, ids, error.ToString());
                if (isCommitTried)
                {
                    continue;
                }
            }

            foreach (var draft in messages.Where(draft => draft.CancelAfter is not null))
            {
                _ = draft.IsInsistent ? InsistAsync(draft, stopping) : CancelAsync(draft, stopping);
            }
        }
    }

    private string NewId() => $"{orders.Name}-{Interlocked.Increment(ref _number)}";

    /// <summary>Of a connection that has broken the client may also say that it cannot be used, or that something of its own was disposed of.</summary>
    private static bool IsOfTheDatabase(Exception error) => error.GetBaseException() is var cause
        && (cause is NpgsqlException or TimeoutException or IOException or System.Net.Sockets.SocketException || IsThrownByTheClient(cause));

    private static bool IsThrownByTheClient(Exception cause) => cause.StackTrace?.Split('\n').Select(frame => frame.Trim())
        .FirstOrDefault(frame => !frame.StartsWith("at System.", StringComparison.Ordinal))?.StartsWith("at Npgsql.", StringComparison.Ordinal) == true;

    /// <summary>
    /// Published at once, and again with the same id where it is not known whether it arrived. The business row comes
    /// before, so that the checker knows of the message; without the broker's word nothing is promised.
    /// </summary>
    private async Task PublishAsync(Draft draft, CancellationToken stopping)
    {
        journal.Write(JournalAct.About, draft.Work.Id);
        try
        {
            await using var insert = database.CreateCommand("INSERT INTO stored (id, kind, is_hopeless, may_die, attempts_to_die) VALUES ($1, $2, $3, $4, $5)");
            foreach (var value in new object[] { draft.Row.Id, draft.Row.Kind, draft.Row.IsHopeless, draft.Row.MayDie, draft.Row.AttemptsToDie })
            {
                insert.Parameters.Add(new() { Value = value });
            }

            await insert.ExecuteNonQueryAsync(stopping);
        }
        catch (Exception error) when (error is OperationCanceledException || IsOfTheDatabase(error))
        {
            return;
        }

        for (var attempt = 0; attempt < Publishes && !stopping.IsCancellationRequested; attempt++)
        {
            try
            {
                using var patience = CancellationTokenSource.CreateLinkedTokenSource(stopping);
                patience.CancelAfter(PublishPatience);
                await publisher.PublishAsync(draft.Work, new MessageOptions { MessageId = draft.Work.Id }, patience.Token);
                journal.Write(JournalAct.Committed, draft.Work.Id);
                return;
            }
            catch (Exception error) when (error is ReliableMqException or OperationCanceledException)
            {
                await Console.Error.WriteLineAsync($"publish: {error.Message}");
            }
        }
    }

    /// <summary>One SaveChanges; where it fails nobody can say whether it was committed.</summary>
    private async Task SaveAsync(IReadOnlyList<Draft> drafts, Random random)
    {
        // Its place among the commits of a key needs a transaction around both.
        if (drafts.Any(draft => draft.Key is not null))
        {
            await SaveInTransactionAsync(drafts, random, commit: true);
            return;
        }

        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<SendingDb>();
        Add(db, drafts);
        await db.SaveChangesAsync(CancellationToken.None);
        journal.Write(JournalAct.Committed, [.. drafts.Select(draft => draft.Work.Id)]);
    }

    private async Task SaveInTransactionAsync(IReadOnlyList<Draft> drafts, Random random, bool commit)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<SendingDb>();
        IDbContextTransaction transaction;
        try
        {
            transaction = await db.Database.BeginTransactionAsync();
            Add(db, drafts);
            await db.SaveChangesAsync(CancellationToken.None);
            // Another that stores under the same key may overtake here, if nothing keeps it from it.
            await Task.Delay(TimeSpan.FromMilliseconds(random.Next(8)), time);
            await PlaceAsync((NpgsqlTransaction)transaction.GetDbTransaction(), drafts);
        }
        catch (Exception error)
        {
            throw new NotCommittedException(error);
        }

        await using (transaction)
        {
            if (!commit)
            {
                // Whatever comes of the rollback, nothing was committed.
                journal.Write(JournalAct.NotCommitted, [.. drafts.Select(draft => draft.Work.Id)]);
                return;
            }

            await transaction.CommitAsync(CancellationToken.None);
            journal.Write(JournalAct.Committed, [.. drafts.Select(draft => draft.Work.Id)]);
        }
    }

    /// <summary>Without EF.</summary>
    private Task AddAsync(IReadOnlyList<Draft> drafts) => InTransactionAsync(async (outbox, transaction) =>
    {
        await AddAsync(outbox, transaction, drafts);
        return drafts;
    });

    /// <summary>The first message is rolled back by itself; the others are committed.</summary>
    private Task AddBehindSavepointAsync(IReadOnlyList<Draft> drafts) => InTransactionAsync(async (outbox, transaction) =>
    {
        await transaction.SaveAsync("before");
        await AddAsync(outbox, transaction, [drafts[0]]);
        await transaction.RollbackAsync("before");
        journal.Write(JournalAct.NotCommitted, drafts[0].Work.Id);
        IReadOnlyList<Draft> rest = [.. drafts.Skip(1)];
        await AddAsync(outbox, transaction, rest);
        return rest;
    });

    private async Task InTransactionAsync(Func<IOutbox, NpgsqlTransaction, Task<IReadOnlyList<Draft>>> store)
    {
        await using var scope = scopes.CreateAsyncScope();
        IReadOnlyList<Draft> drafts;
        NpgsqlTransaction transaction;
        NpgsqlConnection? connection = null;
        try
        {
            connection = await database.OpenConnectionAsync();
            transaction = await connection.BeginTransactionAsync();
            drafts = await store(scope.ServiceProvider.GetRequiredService<IOutbox>(), transaction);
        }
        catch (Exception error)
        {
            await (connection?.DisposeAsync() ?? ValueTask.CompletedTask);
            throw new NotCommittedException(error);
        }

        await using (connection)
        {
            await transaction.CommitAsync(CancellationToken.None);
            journal.Write(JournalAct.Committed, [.. drafts.Select(draft => draft.Work.Id)]);
        }
    }

    private static void Add(SendingDb db, IReadOnlyList<Draft> drafts)
    {
        foreach (var draft in drafts)
        {
            db.AddMessage(draft.Work, draft.Options);
            db.Stored.Add(draft.Row);
        }
    }

    private static async Task AddAsync(IOutbox outbox, NpgsqlTransaction transaction, IReadOnlyList<Draft> drafts)
    {
        foreach (var draft in drafts)
        {
            await outbox.AddAsync(transaction, draft.Work, draft.Options);
            await using var insert = new NpgsqlCommand(
                "INSERT INTO stored (id, kind, key, is_hopeless, may_die, attempts_to_die, due_at) VALUES ($1, $2, $3, $4, $5, $6, $7)", transaction.Connection, transaction)
            {
                Parameters =
                {
                    new() { Value = draft.Row.Id }, new() { Value = draft.Row.Kind }, new() { Value = (object?)draft.Row.Key ?? DBNull.Value },
                    new() { Value = draft.Row.IsHopeless }, new() { Value = draft.Row.MayDie }, new() { Value = draft.Row.AttemptsToDie }, new() { Value = (object?)draft.Row.DueAt ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.TimestampTz },
                },
            };
            await insert.ExecuteNonQueryAsync();
        }

        await PlaceAsync(transaction, drafts);
    }

    /// <summary>
    /// Gives keyed messages their places. After they were stored, so that this lock, which lasts to the end and makes the
    /// numbers the order of the commits, does not do the work of the library's own.
    /// </summary>
    private static async Task PlaceAsync(NpgsqlTransaction transaction, IReadOnlyList<Draft> drafts)
    {
        foreach (var draft in drafts.Where(draft => draft.Key is not null))
        {
            await using var place = new NpgsqlCommand(
                """
                WITH next AS (
                    INSERT INTO counter AS c (key, number) VALUES ($1, 1)
                    ON CONFLICT (key) DO UPDATE SET number = c.number + 1 RETURNING number)
                UPDATE stored SET position = next.number FROM next WHERE id = $2
                """, transaction.Connection, transaction)
            {
                Parameters = { new() { Value = draft.Key! }, new() { Value = draft.Work.Id } },
            };
            await place.ExecuteNonQueryAsync();
        }
    }

    private async Task CancelAsync(Draft draft, CancellationToken stopping)
    {
        try
        {
            await Task.Delay(draft.CancelAfter!.Value, time, stopping);
            await using var scope = scopes.CreateAsyncScope();
            journal.Write(JournalAct.AboutToCancel, draft.Work.Id);
            // One that is due may be with the broker already, where its confirm was lost: then both ends are right.
            PendingState? state = draft.CancelAfter < draft.Delay ? PendingState.Scheduled : null;
            var cancelled = await scope.ServiceProvider.GetRequiredService<IPendingMessages>()
                .CancelAsync(new PendingMessageFilter { MessageId = draft.Work.Id, State = state }, who: "canceller", cancellationToken: CancellationToken.None);
            if (cancelled == 0 || state is not null)
            {
                journal.Write(cancelled > 0 ? JournalAct.Cancelled : JournalAct.NotCancelled, draft.Work.Id);
            }
        }
        catch (Exception error)
        {
            // Whether it was cancelled stays unknown.
            await Console.Error.WriteLineAsync($"cancel: {error.Message}");
        }
    }

    /// <summary>Cancels what nobody has in hand any more, if there is such a moment before it is sent.</summary>
    private async Task InsistAsync(Draft draft, CancellationToken stopping)
    {
        try
        {
            await Task.Delay(draft.CancelAfter!.Value, time, stopping);
            await using var scope = scopes.CreateAsyncScope();
            var pending = scope.ServiceProvider.GetRequiredService<IPendingMessages>();
            var filter = new PendingMessageFilter { MessageId = draft.Work.Id };
            journal.Write(JournalAct.AboutToCancel, draft.Work.Id);
            while (true)
            {
                if (await pending.CancelAsync(filter, who: "canceller", cancellationToken: CancellationToken.None) > 0)
                {
                    // It may be with the broker, where its confirm was lost; but nobody may send it from now on.
                    journal.Write(JournalAct.CancelledPerhaps, draft.Work.Id);
                    return;
                }

                if (!await pending.ListAsync(filter, CancellationToken.None).AnyAsync(CancellationToken.None))
                {
                    journal.Write(JournalAct.NotCancelled, draft.Work.Id);
                    return;
                }

                await Task.Delay(TimeSpan.FromSeconds(1), time, stopping);
            }
        }
        catch (Exception error)
        {
            // Whether it was cancelled stays unknown.
            await Console.Error.WriteLineAsync($"cancel: {error.Message}");
        }
    }

    private sealed class NotCommittedException(Exception why) : Exception(why.Message, why);
}

using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Npgsql;
using ReliableMq.Diagnostics;

namespace ReliableMq.Outbox;

/// <summary>
/// The messages added to one DbContext. They live like tracked entities: a failed save keeps them, a save
/// writes them once, a rollback takes along what was added or saved in its transaction.
/// </summary>
internal sealed class StagedMessages(IDbContextOptions options, ICurrentDbContext current) : IResettableService, IDisposable
{
    private readonly List<StagedMessage> _messages = [];
    private readonly CurrentTransaction _transaction = new(current);
    private AutoTransactionBehavior? _behaviorToRestore;
    private bool _saving;
    private bool _savedEntities;

    public OutboxOptionsExtension Extension { get; } = options.FindExtension<OutboxOptionsExtension>()
        ?? throw new InvalidOperationException("The outbox extension is missing from the context's options.");

    public void Add(OutboxMessage message)
    {
        SettleEndedTransactions();
        _messages.Add(new StagedMessage(message, addedIn: _transaction.Key));
        if (_saving)
        {
            // Added by somebody's interceptor of this very save, which may run after ours.
            RequireTransaction();
        }
    }

    /// <summary>How the transaction of a handler is committed, instead of by EF's own way; null elsewhere.</summary>
    public Func<NpgsqlConnection, Task>? CommitBy { get; set; }

    /// <summary>Whether something has to be written in the current transaction.</summary>
    public bool HasUnwritten()
    {
        SettleEndedTransactions();
        return _messages.Exists(staged => staged.WrittenIn is null);
    }

    public void BeforeSave()
    {
        // What a save wrote and never completed was rolled back with it: EF tells of most failures, not of all.
        SaveFailed();
        _saving = true;
        if (HasUnwritten())
        {
            RequireTransaction();
        }
    }

    /// <summary>
    /// The rows ride in the save's first command, so the save needs a transaction even where EF would send a
    /// single statement without one: a concurrency failure of that statement is found only after it ran.
    /// </summary>
    private void RequireTransaction()
    {
        var database = current.Context.Database;
        if (_transaction.Key is not null || database.AutoTransactionBehavior == AutoTransactionBehavior.Always)
        {
            return;
        }

        if (database.AutoTransactionBehavior == AutoTransactionBehavior.Never)
        {
            throw new ReliableMqException(
                $"\"{current.Context.GetType().Name}\" has messages to save, but its AutoTransactionBehavior is \"Never\" and there is no transaction: rows and messages would not be saved together. Begin a transaction, or use \"WhenNeeded\".");
        }

        _behaviorToRestore = database.AutoTransactionBehavior;
        database.AutoTransactionBehavior = AutoTransactionBehavior.Always;
    }

    /// <summary>A save failed: what it wrote was rolled back, to the save's savepoint or wholly.</summary>
    public void SaveFailed()
    {
        foreach (var staged in _messages.Where(staged => staged.WrittenInThisSave))
        {
            staged.WrittenIn = null;
            staged.WrittenInThisSave = false;
        }

        EndSave();
    }

    /// <summary>What has to be written now, in the current transaction.</summary>
    public List<OutboxMessage> TakeUnwritten()
    {
        var key = _transaction.Key ?? TransactionKey.AutoCommit;
        var unwritten = new List<OutboxMessage>();
        Extension.Database.RequireServed((NpgsqlConnection)current.Context.Database.GetDbConnection(), _messages.First(staged => staged.WrittenIn is null).Message);
        foreach (var staged in _messages.Where(staged => staged.WrittenIn is null))
        {
            staged.WrittenIn = key;
            staged.WrittenInThisSave = true;
            unwritten.Add(staged.Message);
        }

        return unwritten;
    }

    /// <summary>A save succeeded.</summary>
    public void Saved()
    {
        EndSave();
        if (_messages.Count == 0)
        {
            return;
        }

        var accepted = EntitiesAreAccepted();
        var saved = _messages.FindAll(staged => staged.WrittenInThisSave);
        foreach (var staged in saved)
        {
            staged.WrittenInThisSave = false;
            staged.Accepted = accepted;
        }

        Committed(TransactionKey.AutoCommit);
        if (saved.Find(staged => staged.WrittenIn is { IsAmbient: true }) is { WrittenIn: { } ambient })
        {
            // The scope usually completes after the context has ended.
            var extension = Extension;
            ambient.WhenCommitted(() => extension.HandOver([.. saved.Select(staged => staged.Message)]));
        }
    }

    /// <summary>A transaction has committed: its messages go to the dispatcher.</summary>
    public void Committed(TransactionKey key)
    {
        if (_messages.Count == 0)
        {
            return;
        }

        if (!key.IsAmbient)
        {
            CrashPoint.Here("after commit, before hand-over");
            Extension.HandOver([.. _messages.Where(staged => key.Equals(staged.WrittenIn)).Select(staged => staged.Message)]);
        }

        _messages.RemoveAll(staged => key.Equals(staged.WrittenIn));
        foreach (var staged in _messages.Where(staged => key.Equals(staged.AddedIn)))
        {
            // Added after the transaction's last save, like an entity: the next save writes it.
            staged.AddedIn = null;
        }
    }

    /// <summary>
    /// A transaction was rolled back. Like its entities, a message that was saved in it and accepted is not
    /// saved again; one whose save was told not to accept (the pattern of re-executing strategies) is.
    /// </summary>
    public void RolledBack(TransactionKey key) => Forget(key, staged => staged.Accepted is not false);

    private void Forget(TransactionKey key, Func<StagedMessage, bool> wasAccepted)
    {
        _messages.RemoveAll(staged => key.Equals(staged.AddedIn) || (key.Equals(staged.WrittenIn) && wasAccepted(staged)));
        foreach (var staged in _messages.Where(staged => key.Equals(staged.WrittenIn)))
        {
            staged.WrittenIn = null;
        }
    }

    /// <summary>
    /// Finds transactions that ended without a word: disposed, or committed by whoever lent them to this
    /// context. Their rows, if they exist, are found by the dispatcher, who is given the ids as a hint.
    /// </summary>
    private void SettleEndedTransactions()
    {
        if (_messages.Count == 0)
        {
            return;
        }

        var now = _transaction.Key;
        while (_messages.SelectMany(staged => new[] { staged.WrittenIn, staged.AddedIn }).FirstOrDefault(key => key is not null && key.HasEnded(now)) is { } ended)
        {
            if (ended.HasCommitted)
            {
                Committed(ended);
                continue;
            }

            if (!ended.IsAmbient)
            {
                Extension.HandOver([.. _messages.Where(staged => ended.Equals(staged.WrittenIn)).Select(staged => staged.Message)], mayBeOpen: true);
            }

            // A save of messages alone shows no sign of acceptance; a strategy that re-executes it must find them.
            Forget(ended, staged => staged.Accepted is true);
        }
    }

    /// <summary>Whether the save accepted its changes; null where it had no entities that would show it.</summary>
    private bool? EntitiesAreAccepted()
    {
        var tracker = current.Context.ChangeTracker;
        var detects = tracker.AutoDetectChangesEnabled;
        tracker.AutoDetectChangesEnabled = false;
        try
        {
            return tracker.HasChanges() ? false : _savedEntities ? true : null;
        }
        finally
        {
            tracker.AutoDetectChangesEnabled = detects;
        }
    }

    /// <summary>Tells how many entities the save wrote, before <see cref="Saved"/>.</summary>
    public void SavedEntities(int count) => _savedEntities = count > 0;

    private void EndSave()
    {
        _saving = false;
        if (_behaviorToRestore is { } behavior)
        {
            current.Context.Database.AutoTransactionBehavior = behavior;
            _behaviorToRestore = null;
        }
    }

    /// <summary><c>ChangeTracker.Clear</c>: nothing that is not written will be.</summary>
    public void Clear() => _messages.RemoveAll(staged => staged.WrittenIn is null);

    /// <summary>The context goes back to its pool, or ends.</summary>
    public void ResetState()
    {
        if (_messages.Count > 0)
        {
            Extension.HandOver([.. _messages.Where(staged => staged.WrittenIn is { IsAmbient: false }).Select(staged => staged.Message)], mayBeOpen: true);
            foreach (var name in _messages.Where(staged => staged.WrittenIn is null).GroupBy(staged => staged.Message.Name))
            {
                LogMessages.MessageNeverSaved(Extension.Logger, name.Count(), name.Key, Extension.Database.Name);
            }

            _messages.Clear();
        }

        _behaviorToRestore = null;
        _saving = false;
        CommitBy = null;
    }

    public Task ResetStateAsync(CancellationToken cancellationToken = default)
    {
        ResetState();
        return Task.CompletedTask;
    }

    public void Dispose() => ResetState();
}

/// <summary>One message on its way into the database.</summary>
internal sealed class StagedMessage(OutboxMessage message, TransactionKey? addedIn)
{
    public OutboxMessage Message { get; } = message;

    /// <summary>The transaction that was open when it was added.</summary>
    public TransactionKey? AddedIn { get; set; } = addedIn;

    /// <summary>The transaction that its row was written in; null while it is not written.</summary>
    public TransactionKey? WrittenIn { get; set; }

    /// <summary>Whether the save under way wrote it.</summary>
    public bool WrittenInThisSave { get; set; }

    /// <summary>Whether its save accepted the changes it saved; null where that cannot be seen.</summary>
    public bool? Accepted { get; set; }
}

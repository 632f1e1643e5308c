using System.Transactions;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.Extensions.Logging;
using ReliableMq.Diagnostics;

namespace ReliableMq.Outbox;

/// <summary>
/// The messages added to one DbContext. They live like tracked entities: a failed save keeps them, a saved
/// one writes them once, and those added inside a transaction vanish when it is rolled back.
/// </summary>
internal sealed class StagedMessages(IDbContextOptions options, ICurrentDbContext current) : IResettableService, IDisposable
{
    private readonly List<Staged> _messages = [];
    private AutoTransactionBehavior? _behaviorToRestore;

    public OutboxOptionsExtension Extension { get; } = options.FindExtension<OutboxOptionsExtension>()
        ?? throw new InvalidOperationException("The outbox extension is missing from the context's options.");

    public void Add(OutboxMessage message)
    {
        SettleLostTransactions();
        _messages.Add(new Staged(message, addedIn: CurrentTransactionKey()));
    }

    /// <summary>Whether something has to be written in the current transaction.</summary>
    public bool HasUnwritten()
    {
        SettleLostTransactions();
        foreach (var staged in _messages)
        {
            if (staged.WrittenIn is null)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>
    /// Before a save. The rows ride in the save's first command, so the save needs a transaction even where
    /// EF would send a single statement without one: a concurrency failure of that statement is found only
    /// after it ran.
    /// </summary>
    public void BeforeSave()
    {
        var database = current.Context.Database;
        if (!HasUnwritten() || CurrentTransactionKey() is not null || database.AutoTransactionBehavior == AutoTransactionBehavior.Always)
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

    public void AfterSave()
    {
        if (_behaviorToRestore is { } behavior)
        {
            current.Context.Database.AutoTransactionBehavior = behavior;
            _behaviorToRestore = null;
        }
    }

    /// <summary>After a failed save: what it wrote was rolled back, to the save's savepoint or wholly.</summary>
    public void SaveFailed()
    {
        foreach (var staged in _messages)
        {
            if (staged.WrittenInThisSave)
            {
                staged.WrittenIn = null;
                staged.WrittenInThisSave = false;
            }
        }

        AfterSave();
    }

    /// <summary>What has to be written now, in the current transaction.</summary>
    public List<OutboxMessage> TakeUnwritten()
    {
        var key = CurrentTransactionKey();
        var unwritten = new List<OutboxMessage>();
        foreach (var staged in _messages)
        {
            if (staged.WrittenIn is null)
            {
                // Without a transaction the statement commits by itself, and success is what remains to be told.
                staged.WrittenIn = key ?? AutoCommit;
                staged.WrittenInThisSave = true;
                unwritten.Add(staged.Message);
            }
        }

        return unwritten;
    }

    /// <summary>After a save that succeeded.</summary>
    public void Saved()
    {
        AfterSave();
        foreach (var staged in _messages)
        {
            staged.WrittenInThisSave = false;
        }

        if (Transaction.Current is { } ambient && _messages.Exists(staged => staged.WrittenIn is AmbientKey))
        {
            HandOverWhenCompleted(ambient);
        }

        Committed(AutoCommit);
    }

    /// <summary>A transaction of this context has committed: its messages go to the dispatcher.</summary>
    public void Committed(object key)
    {
        if (_messages.Count > 0)
        {
            Extension.HandOver(MessagesWrittenIn(key));
            _messages.RemoveAll(staged => key.Equals(staged.WrittenIn));
        }
    }

    /// <summary>A transaction of this context was rolled back.</summary>
    public void RolledBack(object key)
    {
        for (var i = _messages.Count - 1; i >= 0; i--)
        {
            var staged = _messages[i];
            if (key.Equals(staged.AddedIn))
            {
                _messages.RemoveAt(i);
            }
            else if (key.Equals(staged.WrittenIn))
            {
                staged.WrittenIn = null;
            }
        }
    }

    private object? CurrentTransactionKey() =>
        current.Context.Database.CurrentTransaction is { } transaction ? transaction.TransactionId
        : Transaction.Current is { } ambient ? new AmbientKey(ambient.TransactionInformation.LocalIdentifier)
        : null;

    /// <summary>
    /// A transaction that is gone without a word was disposed, or committed by whoever lent it to this
    /// context. The dispatcher looks whether its rows exist; here it counts as rolled back.
    /// </summary>
    private void SettleLostTransactions()
    {
        if (_messages.Count == 0)
        {
            return;
        }

        var key = CurrentTransactionKey();
        object? lost;
        while ((lost = FindLost(key)) is not null)
        {
            Extension.HandOver(MessagesWrittenIn(lost));
            RolledBack(lost);
        }
    }

    private object? FindLost(object? currentKey)
    {
        foreach (var staged in _messages)
        {
            if (staged.WrittenIn is { } written && written != AutoCommit && !written.Equals(currentKey))
            {
                return written;
            }

            if (staged.AddedIn is { } added && !added.Equals(currentKey))
            {
                return added;
            }
        }

        return null;
    }

    private List<OutboxMessage> MessagesWrittenIn(object key) =>
        [.. _messages.Where(staged => key.Equals(staged.WrittenIn)).Select(staged => staged.Message)];

    private void HandOverWhenCompleted(Transaction ambient)
    {
        var extension = Extension;
        var messages = MessagesWrittenIn(new AmbientKey(ambient.TransactionInformation.LocalIdentifier));
        _messages.RemoveAll(staged => staged.WrittenIn is AmbientKey);
        ambient.TransactionCompleted += (_, completed) =>
        {
            if (completed.Transaction?.TransactionInformation.Status != TransactionStatus.Aborted)
            {
                extension.HandOver(messages);
            }
        };
    }

    /// <summary>The context goes back to its pool.</summary>
    public void ResetState()
    {
        foreach (var key in _messages.Select(staged => staged.WrittenIn).Where(key => key is not null).Distinct().ToList())
        {
            Extension.HandOver(MessagesWrittenIn(key!));
        }

        foreach (var name in _messages.Where(staged => staged.WrittenIn is null).GroupBy(staged => staged.Message.Name))
        {
            LogMessages.MessageNeverSaved(Extension.Logger, name.Count(), name.Key, Extension.Database.ContextType.Name);
        }

        _messages.Clear();
        _behaviorToRestore = null;
    }

    public Task ResetStateAsync(CancellationToken cancellationToken = default)
    {
        ResetState();
        return Task.CompletedTask;
    }

    public void Dispose() => ResetState();

    private static readonly object AutoCommit = new();

    private sealed record AmbientKey(string Identifier);

    private sealed class Staged(OutboxMessage message, object? addedIn)
    {
        public OutboxMessage Message { get; } = message;

        /// <summary>The transaction that was open when it was added.</summary>
        public object? AddedIn { get; } = addedIn;

        /// <summary>The transaction that its row was written in; null while it is not written.</summary>
        public object? WrittenIn { get; set; }

        public bool WrittenInThisSave { get; set; }
    }
}

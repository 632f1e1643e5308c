using System.Transactions;
using Microsoft.EntityFrameworkCore.Infrastructure;

namespace ReliableMq.Outbox;

/// <summary>Names a transaction, and knows of an ambient one how it ended.</summary>
internal sealed class TransactionKey : IEquatable<TransactionKey>
{
    /// <summary>A statement without a transaction: it commits by itself.</summary>
    public static readonly TransactionKey AutoCommit = new("auto-commit");

    private readonly object _id;
    private readonly Lock _gate = new();
    private Action? _whenCommitted;
    private TransactionStatus? _ambientStatus;

    private TransactionKey(object id) => _id = id;

    public static TransactionKey Of(Guid efTransactionId) => new(efTransactionId);

    public static TransactionKey Of(Transaction ambient)
    {
        var key = new TransactionKey(ambient.TransactionInformation.LocalIdentifier) { _ambientStatus = TransactionStatus.Active };
        ambient.TransactionCompleted += (_, completed) => key.Complete(completed.Transaction?.TransactionInformation.Status ?? TransactionStatus.InDoubt);
        return key;
    }

    public bool Names(Transaction ambient) => _id.Equals(ambient.TransactionInformation.LocalIdentifier);

    public bool IsAmbient => _ambientStatus is not null;

    /// <summary>Whether it is known to have committed; an ambient one in doubt counts, because the dispatcher looks.</summary>
    public bool HasCommitted => _ambientStatus is TransactionStatus.Committed or TransactionStatus.InDoubt;

    /// <summary>
    /// A transaction of the context has ended when another or none is current. An ambient one may only be
    /// hidden by an inner scope, and tells its end itself.
    /// </summary>
    public bool HasEnded(TransactionKey? now) =>
        IsAmbient ? _ambientStatus != TransactionStatus.Active : this != AutoCommit && !Equals(now);

    public void WhenCommitted(Action action)
    {
        lock (_gate)
        {
            if (_ambientStatus == TransactionStatus.Active)
            {
                _whenCommitted += action;
                return;
            }
        }

        if (HasCommitted)
        {
            action();
        }
    }

    private void Complete(TransactionStatus status)
    {
        lock (_gate)
        {
            _ambientStatus = status;
        }

        if (HasCommitted)
        {
            _whenCommitted?.Invoke();
        }
    }

    public bool Equals(TransactionKey? other) => other is not null && _id.Equals(other._id);

    public override bool Equals(object? obj) => Equals(obj as TransactionKey);

    public override int GetHashCode() => _id.GetHashCode();
}

/// <summary>The transaction that a statement of the context would run in.</summary>
internal sealed class CurrentTransaction(ICurrentDbContext current)
{
    private TransactionKey? _ambient;

    /// <summary>Null when there is none.</summary>
    public TransactionKey? Key
    {
        get
        {
            if (current.Context.Database.CurrentTransaction is { } transaction)
            {
                return TransactionKey.Of(transaction.TransactionId);
            }

            if ((current.Context.Database.GetEnlistedTransaction() ?? Transaction.Current) is not { } ambient)
            {
                return null;
            }

            // One key an ambient transaction: it has one handler of its end.
            return _ambient is { } known && known.Names(ambient) ? known : _ambient = TransactionKey.Of(ambient);
        }
    }
}

using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace ReliableMq;

/// <summary>
/// The outbox without EF: stores messages in a transaction of your own, for Dapper and plain ADO.NET. A
/// singleton service of every application that called <c>AddOutbox</c> or <c>AddInbox</c>.
/// </summary>
public interface IOutbox
{
    /// <summary>
    /// Stores a message in the transaction. It is sent within about a second of the commit, without anything
    /// more to call; a rollback takes it along.
    /// </summary>
    /// <param name="transaction">An open transaction on the database of one of the registered contexts.</param>
    /// <param name="message">An instance of a type marked with <see cref="MessageAttribute"/>, or a <see cref="RawMessage"/>.</param>
    /// <param name="options">What else is to be said about the message.</param>
    /// <param name="cancellationToken">Cancels the statement.</param>
    /// <exception cref="ReliableMqException">
    /// The transaction has ended, its database is not one that is sent from here or has the outboxes of several
    /// contexts (use <see cref="IOutbox{TContext}"/> there), or the message is refused as by <c>AddMessage</c>.
    /// </exception>
    Task AddAsync(NpgsqlTransaction transaction, object message, MessageOptions? options = null, CancellationToken cancellationToken = default);

    /// <summary>Stores any number of messages in one statement, as <see cref="AddAsync"/> does.</summary>
    /// <param name="transaction">An open transaction on the database of one of the registered contexts.</param>
    /// <param name="messages">Instances of types marked with <see cref="MessageAttribute"/>, or <see cref="RawMessage"/>s.</param>
    /// <param name="options">What else is to be said about each message; null, or a null for one, means nothing.</param>
    /// <param name="cancellationToken">Cancels the statement.</param>
    /// <exception cref="ReliableMqException">As by <see cref="AddAsync"/>; then none of them is stored.</exception>
    Task AddManyAsync(NpgsqlTransaction transaction, IEnumerable<object> messages, Func<object, MessageOptions?>? options = null, CancellationToken cancellationToken = default);
}

/// <summary>
/// The outbox of one context, for databases in which several contexts have outboxes in schemas of their own. A
/// singleton service.
/// </summary>
/// <typeparam name="TContext">A context registered with <c>AddOutbox</c> or <c>AddInbox</c>.</typeparam>
public interface IOutbox<TContext> : IOutbox where TContext : DbContext;

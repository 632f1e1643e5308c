using Microsoft.EntityFrameworkCore;
using Npgsql;
using ReliableMq.Handling;
using ReliableMq.Storage;

namespace ReliableMq.Outbox;

/// <summary>Writes messages in a transaction that the library did not begin and whose end it is not told of.</summary>
internal abstract class TransactionOutbox(ServiceDatabases databases, MessageFactory factory) : IOutbox
{
    public Task AddAsync(NpgsqlTransaction transaction, object message, MessageOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(message);
        return StoreAsync(transaction, [factory.Create(message, options)], cancellationToken);
    }

    public Task AddManyAsync(NpgsqlTransaction transaction, IEnumerable<object> messages, Func<object, MessageOptions?>? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(messages);
        return StoreAsync(transaction, [.. messages.Select(message => factory.Create(message, options?.Invoke(message)))], cancellationToken);
    }

    private async Task StoreAsync(NpgsqlTransaction transaction, List<OutboxMessage> messages, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(transaction);
        var what = $"The message \"{messages.FirstOrDefault()?.Name}\"";
        var connection = transaction.Connection
            ?? throw new ReliableMqException($"{what} was added to a transaction that has ended. Add messages before the commit.");
        var handling = HandlingScope.Current;
        handling?.RefuseOther(connection, what);
        var database = await ChooseAsync(connection, what, cancellationToken);
        if (messages.Count == 0)
        {
            return;
        }

        await using var command = new NpgsqlCommand("", connection, transaction);
        command.CommandText = OutboxParameters.Add(command.Parameters, messages, database);
        await command.ExecuteNonQueryAsync(cancellationToken);
        if (handling?.TryKeep(connection, database, messages) is not true)
        {
            database.HandOver(messages, mayBeOpen: true);
        }
    }

    private async Task<ServiceDatabase> ChooseAsync(NpgsqlConnection connection, string what, CancellationToken cancellationToken)
    {
        var there = await databases.FindAsync(connection, cancellationToken);
        if (there.Count == 0)
        {
            throw new ReliableMqException(
                $"{what} was added on the database \"{DatabaseAddress.Of(connection)}\", from which nothing is sent here. Call AddReliableMq(…).AddOutbox<TContext>() for a context on it. Databases that are served: {string.Join(", ", databases.All.Select(known => $"\"{known.Address}\"").Distinct().Order())}.");
        }

        return Choose(there, connection, what);
    }

    /// <param name="there">The outboxes of the connection's database, at least one.</param>
    /// <param name="connection">The connection.</param>
    /// <param name="what">The message, for errors.</param>
    protected abstract ServiceDatabase Choose(List<ServiceDatabase> there, NpgsqlConnection connection, string what);
}

/// <summary>The outbox that the connection's database has.</summary>
internal sealed class ConnectionOutbox(ServiceDatabases databases, MessageFactory factory) : TransactionOutbox(databases, factory)
{
    /// <summary>Contexts over the same tables are as good as one another.</summary>
    protected override ServiceDatabase Choose(List<ServiceDatabase> there, NpgsqlConnection connection, string what) =>
        there.TrueForAll(database => database.Schema == there[0].Schema)
            ? there[0]
            : throw new ReliableMqException(
                $"{what} was added on the database \"{DatabaseAddress.Of(connection)}\", which has the outboxes of several contexts: {string.Join(", ", there.Select(database => $"\"{database.Name}\" in the schema \"{database.Schema}\"").Order())}. Say which one by using IOutbox<{there[0].Name}> or another of them instead of IOutbox.");
}

/// <summary>The outbox of one context.</summary>
internal sealed class ContextOutbox<TContext>(ServiceDatabases databases, MessageFactory factory)
    : TransactionOutbox(databases, factory), IOutbox<TContext> where TContext : DbContext
{
    private readonly ServiceDatabase _database = databases.Find(typeof(TContext))
        ?? throw new ReliableMqException($"The context \"{typeof(TContext).Name}\" has no outbox. Call AddReliableMq(…).AddOutbox<{typeof(TContext).Name}>() where the services are registered.");

    protected override ServiceDatabase Choose(List<ServiceDatabase> there, NpgsqlConnection connection, string what) =>
        there.Contains(_database)
            ? _database
            : throw new ReliableMqException(
                $"{what} was added on the database \"{DatabaseAddress.Of(connection)}\", but the outbox of \"{typeof(TContext).Name}\" is in \"{_database.Address}\". Add it in a transaction there, or use the IOutbox of a context of this database.");
}

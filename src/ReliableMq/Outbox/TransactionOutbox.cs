using Npgsql;
using ReliableMq.Storage;

namespace ReliableMq.Outbox;

/// <summary>Writes messages in a transaction that the library did not begin and whose end it is not told of.</summary>
internal sealed class TransactionOutbox(ServiceDatabases databases, MessageFactory factory) : IOutbox
{
    public Task AddAsync(NpgsqlTransaction transaction, object message, MessageOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(message);
        return StoreAsync(transaction, [factory.Create(message, options)], cancellationToken);
    }

    public Task AddManyAsync(NpgsqlTransaction transaction, IEnumerable<object> messages, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(messages);
        return StoreAsync(transaction, [.. messages.Select(message => factory.Create(message, null))], cancellationToken);
    }

    private async Task StoreAsync(NpgsqlTransaction transaction, List<OutboxMessage> messages, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(transaction);
        var connection = transaction.Connection
            ?? throw new ReliableMqException($"The message \"{messages.FirstOrDefault()?.Name}\" was added to a transaction that has ended. Add messages before the commit.");
        var (database, served) = await databases.FindAsync(connection, cancellationToken);
        if (database is null)
        {
            throw new ReliableMqException(
                $"The message \"{messages.FirstOrDefault()?.Name}\" was added on the database \"{DatabaseAddress.Of(connection)}\", from which nothing is sent here. Call AddReliableMq(…).AddOutbox<TContext>() for a context on it. Databases that are served: {string.Join(", ", served.Select(known => $"\"{known}\"").Order())}.");
        }

        if (messages.Count == 0)
        {
            return;
        }

        await using var command = new NpgsqlCommand("", connection, transaction);
        command.CommandText = OutboxParameters.Add(command.Parameters, messages, database);
        await command.ExecuteNonQueryAsync(cancellationToken);
        database.HandOver(messages, mayBeOpen: true);
    }
}

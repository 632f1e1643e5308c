using System.Data;
using Microsoft.Extensions.Logging;
using Npgsql;
using NpgsqlTypes;
using ReliableMq.Broker;
using ReliableMq.DeadLettering;
using ReliableMq.Diagnostics;
using ReliableMq.Inbox;
using ReliableMq.Receiving;
using ReliableMq.Storage;

namespace ReliableMq.Failing;

/// <summary>
/// Keeps the messages behind one that fails in the database, and sends them back to their queue one after the other
/// when it is done or given up.
/// </summary>
internal sealed class Parking(ServiceDatabase database, ILogger logger)
{
    private readonly ParkedSql _sql = new(database.Schema);

    /// <returns>Whether it is parked; false when nothing holds its key any more.</returns>
    /// <exception cref="MessageIdUsedTwiceException">Another message is parked under its id.</exception>
    public async Task<bool> ParkAsync(Delivery delivery, string orderingKey, CancellationToken cancellationToken)
    {
        await using var session = await database.OpenAsync(cancellationToken);
        await using var transaction = await BeginAsync(session.Connection, cancellationToken);
        var isParked = await ParkAsync(session.Connection, delivery, orderingKey, cancellationToken);
        await CheckedCommit.CommitSeenAsync(session.Connection);
        if (isParked)
        {
            CrashPoint.Here("after parking, before ack");
        }

        return isParked;
    }

    /// <inheritdoc cref="ParkAsync(Delivery, string, CancellationToken)"/>
    public async Task<bool> ParkAsync(NpgsqlConnection connection, Delivery delivery, string orderingKey, CancellationToken cancellationToken)
    {
        await using var batch = new NpgsqlBatch(connection)
        {
            BatchCommands = { Keyed(_sql.Lock, delivery.Queue, orderingKey), ParkCommand(delivery, orderingKey), Keyed(_sql.IsParked, delivery.Queue, orderingKey) },
        };
        batch.BatchCommands[2].Parameters.Add(new NpgsqlParameter<string>("message_id", delivery.MessageId!));
        batch.BatchCommands[2].Parameters.Add(new NpgsqlParameter<int>("epoch", CopyableHeaders.EpochAfter(delivery.Epoch)));
        batch.BatchCommands[2].Parameters.Add(new NpgsqlParameter<Guid>("fingerprint", delivery.Fingerprint));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        var (isParked, isOnly, isAnother) = (reader.GetBoolean(0), reader.GetBoolean(1), reader.GetBoolean(2));
        if (isAnother)
        {
            throw MessageIdUsedTwiceException.Parked(delivery);
        }

        if (isParked && isOnly && batch.BatchCommands[1].RecordsAffected > 0)
        {
            LogMessages.KeyHeldBack(logger, orderingKey, delivery.Queue, delivery.MessageId!);
        }

        return isParked;
    }

    private NpgsqlBatchCommand ParkCommand(Delivery delivery, string orderingKey)
    {
        var command = Keyed(_sql.Park, delivery.Queue, orderingKey);
        command.Parameters.Add(new NpgsqlParameter<string>("message_id", delivery.MessageId!));
        command.Parameters.Add(new NpgsqlParameter<int>("epoch", CopyableHeaders.EpochAfter(delivery.Epoch)));
        command.Parameters.Add(StoredDeadLetter.Text("name", delivery.Name));
        command.Parameters.Add(StoredDeadLetter.Text("content_type", delivery.ContentType ?? ""));
        command.Parameters.Add(new NpgsqlParameter<string>("headers", HeaderJson.Write(CopyableHeaders.OfNextEpoch(delivery))!));
        command.Parameters.Add(new NpgsqlParameter<byte[]>("body", delivery.Body));
        command.Parameters.Add(StoredDeadLetter.Text("correlation_id", delivery.CorrelationId));
        command.Parameters.Add(StoredDeadLetter.Text("causation_id", delivery.CausationId));
        command.Parameters.Add(StoredDeadLetter.Text("traceparent", delivery.TraceParent));
        command.Parameters.Add(StoredDeadLetter.Text("reply_to", delivery.ReplyTo));
        command.Parameters.Add(new NpgsqlParameter("priority", NpgsqlDbType.Smallint) { Value = delivery.Priority is { } priority ? (short)priority : DBNull.Value });
        return command;
    }

    /// <summary>
    /// Ends what a message held: locks its key, runs the statement that ends it, releases the next. In a transaction
    /// of the caller's, who tells it with <see cref="Tell"/> after the commit.
    /// </summary>
    /// <param name="connection">Has the transaction.</param>
    /// <param name="queue">The queue.</param>
    /// <param name="orderingKey">The key that was held.</param>
    /// <param name="end">Ends it; null where it has ended.</param>
    /// <param name="cancellationToken">Cancels the statements.</param>
    public async Task<Release> ReleaseAsync(NpgsqlConnection connection, string queue, string orderingKey, NpgsqlBatchCommand? end, CancellationToken cancellationToken)
    {
        var id = Guid.CreateVersion7();
        await using var batch = new NpgsqlBatch(connection) { BatchCommands = { Keyed(_sql.Lock, queue, orderingKey) } };
        if (end is not null)
        {
            batch.BatchCommands.Add(end);
        }

        var release = Keyed(_sql.Release, queue, orderingKey);
        release.Parameters.Add(new NpgsqlParameter<Guid>("id", id));
        release.Parameters.Add(new NpgsqlParameter<TimeSpan>("lease", NpgsqlDbType.Interval) { TypedValue = database.Options.Outbox.Lease });
        release.Parameters.Add(new NpgsqlParameter<Guid>("node", database.Node.Id));
        batch.BatchCommands.Add(release);
        batch.BatchCommands.Add(Keyed(_sql.HasParked, queue, orderingKey));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        var isReleased = await reader.ReadAsync(cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return new Release(queue, orderingKey, isReleased ? id : null, IsLast: isReleased && !reader.GetBoolean(0));
    }

    /// <summary>The release is committed.</summary>
    public void Tell(Release? release)
    {
        if (release?.Id is { } id)
        {
            database.HandOver(id);
        }

        if (release is { IsLast: true })
        {
            LogMessages.KeyGoesOn(logger, release.OrderingKey, release.Queue);
        }
    }

    /// <summary>Lets a key go on without what holds it.</summary>
    /// <returns>Whether a message of the key was parked.</returns>
    public async Task<bool> LetGoAsync(string queue, string orderingKey, string who, CancellationToken cancellationToken)
    {
        await using var session = await database.OpenAsync(cancellationToken);
        await using var transaction = await BeginAsync(session.Connection, cancellationToken);
        var letGo = Keyed(_sql.LetGo, queue, orderingKey);
        var release = await ReleaseAsync(session.Connection, queue, orderingKey, letGo, cancellationToken);
        if (letGo.RecordsAffected > 0 || release.Id is not null)
        {
            await new AuditTrail(database.Schema).WriteAsync(session.Connection, who, "go-on", $"{queue} {orderingKey}", null, cancellationToken);
        }

        await transaction.CommitAsync(CancellationToken.None);
        Tell(release);
        return release.Id is not null;
    }

    /// <summary>Releases the next of keys that nothing holds, though messages of them are parked.</summary>
    public async Task ReleaseStrandedAsync(CancellationToken cancellationToken)
    {
        foreach (var (queue, orderingKey) in await FindStrandedAsync(cancellationToken))
        {
            await using var session = await database.OpenAsync(cancellationToken);
            await using var transaction = await BeginAsync(session.Connection, cancellationToken);
            var release = await ReleaseAsync(session.Connection, queue, orderingKey, end: null, cancellationToken);
            await transaction.CommitAsync(CancellationToken.None);
            Tell(release);
        }
    }

    /// <returns>How many messages are parked, counted to 10,001.</returns>
    public static async Task<long> CountAsync(ServiceDatabase database, CancellationToken cancellationToken)
    {
        await using var session = await database.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand(new ParkedSql(database.Schema).Count, session.Connection);
        return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    private async Task<List<(string Queue, string OrderingKey)>> FindStrandedAsync(CancellationToken cancellationToken)
    {
        await using var session = await database.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand(_sql.Stranded, session.Connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var keys = new List<(string, string)>();
        while (await reader.ReadAsync(cancellationToken))
        {
            keys.Add((reader.GetString(0), reader.GetString(1)));
        }

        return keys;
    }

    /// <summary>What another has committed while the key's lock was waited for has to be seen.</summary>
    public static ValueTask<NpgsqlTransaction> BeginAsync(NpgsqlConnection connection, CancellationToken cancellationToken) =>
        connection.BeginTransactionAsync(IsolationLevel.ReadCommitted, cancellationToken);

    private static NpgsqlBatchCommand Keyed(string sql, string queue, string orderingKey) => new(sql)
    {
        Parameters = { new NpgsqlParameter<string>("queue", queue), new NpgsqlParameter<string>("ordering_key", orderingKey) },
    };
}

/// <summary>What followed in a key when one of its messages ended.</summary>
/// <param name="Queue">The queue.</param>
/// <param name="OrderingKey">The key.</param>
/// <param name="Id">The row of the message that goes back to the queue; null where none was parked, or another holds the key.</param>
/// <param name="IsLast">No other is parked.</param>
internal sealed record Release(string Queue, string OrderingKey, Guid? Id, bool IsLast);

using Microsoft.Extensions.Logging;
using Npgsql;
using NpgsqlTypes;
using ReliableMq.Diagnostics;
using ReliableMq.Receiving;
using ReliableMq.Storage;

namespace ReliableMq.Inbox;

/// <summary>
/// Marks messages that are not new as started, in a transaction of its own before they run, so that one which ends its
/// process is found. Marks are renewed while they run, and cleared however the attempt ends.
/// </summary>
internal sealed class StartMarks(ServiceDatabase database, LoneTurn turn, ReliableMqMetrics metrics, TimeProvider time, ILogger<StartMarks> logger)
{
    private static readonly TimeSpan ShortWait = TimeSpan.FromMilliseconds(200), LongWait = TimeSpan.FromSeconds(1);

    private readonly StartSql _sql = new(database.Schema);
    private readonly TimeSpan _lease = StartRules.Lease(database.Options.Outbox.PollInterval);
    private readonly Lock _gate = new();

    /// <summary>What runs here; false for what has ended and could not be cleared.</summary>
    private readonly Dictionary<(string Queue, string MessageId), bool> _marked = [];
    private bool _isRenewing;

    /// <summary>
    /// A new message needs no mark, and so costs nothing: if it ends its process, it is not new any more. Neither are the
    /// copies of later epochs.
    /// </summary>
    public static bool Concern(Delivery delivery) => delivery.MessageId is not null && (delivery.Redelivered || delivery.Epoch > 0);

    public async Task<Start> StartAsync(Delivery delivery, CancellationToken cancellationToken)
    {
        await using var session = await database.OpenAsync(cancellationToken);
        var key = (delivery.Queue, delivery.MessageId!);
        if (!IsRunning(key) && await MarkAsync(session.Connection, delivery, cancellationToken))
        {
            Add(key);
            return new Start.Run(IsAlone: false);
        }

        if (await ReadAsync(session.Connection, delivery, cancellationToken) is not { } mark)
        {
            return new Start.Wait(ShortWait);
        }

        switch (StartRules.Decide(mark, database.Node.Id, IsRunning(key)))
        {
            case StartDecision.Run:
                return await TakeOverAsync(session.Connection, delivery, mark, isAlone: false, cancellationToken);
            case StartDecision.RunAlone:
                return turn.TryTake() ? await TakeOverAsync(session.Connection, delivery, mark, isAlone: true, cancellationToken) : new Start.Wait(ShortWait);
            case StartDecision.Suspect:
                return await SuspectAsync(session.Connection, delivery, mark, cancellationToken);
            case StartDecision.GiveUp:
                return new Start.Blamed(new ProcessEndedException(mark.LoneDeaths, mark.History));
            default:
                return new Start.Wait(LongWait);
        }
    }

    private async Task<bool> MarkAsync(NpgsqlConnection connection, Delivery delivery, CancellationToken cancellationToken)
    {
        await using var command = Command(connection, _sql.Mark, delivery, Node(), Host(), Lease());
        return await command.ExecuteScalarAsync(cancellationToken) is not null;
    }

    private async Task<StartMark?> ReadAsync(NpgsqlConnection connection, Delivery delivery, CancellationToken cancellationToken)
    {
        await using var command = Command(connection, _sql.Read, delivery);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken)
            ? new StartMark(
                reader.IsDBNull(0) ? null : reader.GetGuid(0), reader.GetString(1), reader.GetDateTime(2), reader.GetDateTime(3), reader.GetFieldValue<TimeSpan>(4),
                reader.GetBoolean(5), reader.GetInt32(6), reader.GetString(7))
            : null;
    }

    private async Task<Start> TakeOverAsync(NpgsqlConnection connection, Delivery delivery, StartMark mark, bool isAlone, CancellationToken cancellationToken)
    {
        var isTaken = false;
        try
        {
            await using var command = Command(connection, _sql.TakeOver, delivery, [Node(), Host(), Lease(), .. Seen(mark)]);
            isTaken = await command.ExecuteNonQueryAsync(cancellationToken) == 1;
        }
        finally
        {
            if (isAlone && !isTaken)
            {
                turn.Return();
            }
        }

        if (!isTaken)
        {
            return new Start.Wait(ShortWait);
        }

        Add((delivery.Queue, delivery.MessageId!));
        return new Start.Run(isAlone);
    }

    /// <summary>
    /// Noted before anything is counted: a process that ends in between leaves one count too few, not one too many.
    /// </summary>
    private async Task<Start> SuspectAsync(NpgsqlConnection connection, Delivery delivery, StartMark mark, CancellationToken cancellationToken)
    {
        int loneDeaths;
        string history;
        await using (var command = Command(connection, _sql.Suspect, delivery, [new NpgsqlParameter<string>("line", mark.Line), .. Seen(mark)]))
        await using (var reader = await command.ExecuteReaderAsync(cancellationToken))
        {
            if (!await reader.ReadAsync(cancellationToken))
            {
                return new Start.Wait(ShortWait);
            }

            (loneDeaths, history) = (reader.GetInt32(0), reader.GetString(1));
        }

        metrics.ProcessEnded(delivery.Queue, mark.IsSuspect);
        if (mark.IsSuspect)
        {
            return new Start.Blamed(new ProcessEndedException(loneDeaths, history));
        }

        LogMessages.Suspected(logger, mark.Node, mark.Host, delivery);
        return new Start.Wait(ShortWait);
    }

    /// <summary>The attempt has ended, in whatever way.</summary>
    /// <param name="delivery">Its delivery.</param>
    /// <param name="start">How it was started.</param>
    /// <param name="isOver">Whether the message never runs again, so that nothing of it needs to be known.</param>
    public async Task EndAsync(Delivery delivery, Start.Run start, bool isOver)
    {
        if (start.IsAlone)
        {
            turn.Return();
        }

        var key = (delivery.Queue, delivery.MessageId!);
        lock (_gate)
        {
            if (!_marked.ContainsKey(key))
            {
                return;
            }

            _marked[key] = false;
        }

        try
        {
            await using var session = await database.OpenAsync(CancellationToken.None);
            if (isOver)
            {
                await using var forget = Command(session.Connection, _sql.Forget, delivery);
                await forget.ExecuteNonQueryAsync(CancellationToken.None);
            }
            else
            {
                await ClearAsync(session.Connection, [key]);
            }

            Remove([key]);
        }
        catch (Exception exception)
        {
            // Until it is cleared, the end of this process would look as if the message had caused it.
            LogMessages.MarkNotCleared(logger, delivery, exception.Message);
        }
    }

    /// <summary>It was forgotten in the transaction in which the message was done.</summary>
    public void Forgotten(Delivery delivery) => Remove([(delivery.Queue, delivery.MessageId!)]);

    private bool IsRunning((string, string) key)
    {
        lock (_gate)
        {
            return _marked.GetValueOrDefault(key);
        }
    }

    private void Add((string, string) key)
    {
        lock (_gate)
        {
            _marked[key] = true;
            if (!_isRenewing)
            {
                _isRenewing = true;
                _ = Task.Run(RenewAsync, CancellationToken.None);
            }
        }
    }

    private void Remove(IEnumerable<(string, string)> keys)
    {
        lock (_gate)
        {
            foreach (var key in keys)
            {
                _marked.Remove(key);
            }
        }
    }

    /// <summary>Runs as long as there are marks. Most are gone before the first renewal.</summary>
    private async Task RenewAsync()
    {
        while (true)
        {
            await Task.Delay(_lease / 3, time, CancellationToken.None);
            (string, string)[] running, ended;
            lock (_gate)
            {
                if (_marked.Count == 0)
                {
                    _isRenewing = false;
                    return;
                }

                running = [.. _marked.Where(mark => mark.Value).Select(mark => mark.Key)];
                ended = [.. _marked.Where(mark => !mark.Value).Select(mark => mark.Key)];
            }

            try
            {
                using var timeout = new CancellationTokenSource(_lease, time);
                await using var session = await database.OpenAsync(timeout.Token);
                await using var renew = Many(session.Connection, _sql.Renew, running);
                renew.Parameters.Add(Lease());
                await renew.ExecuteNonQueryAsync(timeout.Token);
                await ClearAsync(session.Connection, ended);
                Remove(ended.Where(key => !IsRunning(key)));
            }
            catch (Exception exception)
            {
                LogMessages.MarksNotRenewed(logger, database.Name, exception.Message);
            }
        }
    }

    private async Task ClearAsync(NpgsqlConnection connection, (string, string)[] keys)
    {
        await using var command = Many(connection, _sql.End, keys);
        await command.ExecuteNonQueryAsync(CancellationToken.None);
    }

    private NpgsqlCommand Many(NpgsqlConnection connection, string sql, (string Queue, string MessageId)[] keys) => new(sql, connection)
    {
        Parameters =
        {
            Node(), new NpgsqlParameter<string[]>("queues", Array.ConvertAll(keys, key => key.Queue)), new NpgsqlParameter<string[]>("message_ids", Array.ConvertAll(keys, key => key.MessageId)),
        },
    };

    private static NpgsqlCommand Command(NpgsqlConnection connection, string sql, Delivery delivery, params NpgsqlParameter[] further)
    {
        var command = new NpgsqlCommand(sql, connection)
        {
            Parameters = { new NpgsqlParameter<string>("queue", delivery.Queue), new NpgsqlParameter<string>("message_id", delivery.MessageId!) },
        };
        command.Parameters.AddRange(further);
        return command;
    }

    private static NpgsqlParameter[] Seen(StartMark mark) =>
    [
        new("seen_node", NpgsqlDbType.Uuid) { Value = mark.Node is { } node ? node : DBNull.Value },
        new("seen_until", NpgsqlDbType.TimestampTz) { Value = mark.AliveUntil },
    ];

    private NpgsqlParameter<Guid> Node() => new("node", database.Node.Id);

    private NpgsqlParameter<string> Host() => new("host", database.Node.Host);

    private NpgsqlParameter<TimeSpan> Lease() => new("lease", NpgsqlDbType.Interval) { TypedValue = _lease };
}

/// <summary>Whether a message that is not new may run.</summary>
internal abstract record Start
{
    /// <summary>It is marked. <see cref="StartMarks.EndAsync"/> has to follow.</summary>
    public sealed record Run(bool IsAlone) : Start;

    public sealed record Wait(TimeSpan Delay) : Start;

    /// <summary>It counts as a failed attempt.</summary>
    public sealed record Blamed(ProcessEndedException Exception) : Start;
}

using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using ReliableMq.Diagnostics;
using ReliableMq.Failing;
using ReliableMq.Receiving;
using ReliableMq.Storage;
using ReliableMq.Timing;

namespace ReliableMq.Inbox;

/// <summary>
/// Marks messages that are not new as started, in a transaction of its own before they run, so that one which ends its
/// process is found. Marks are renewed while they run, and cleared however the attempt ends.
/// </summary>
internal sealed class StartMarks
{
    private static readonly TimeSpan ShortWait = TimeSpan.FromMilliseconds(200), LongWait = TimeSpan.FromSeconds(1), MostWait = TimeSpan.FromSeconds(2);

    /// <summary>So long the database is watched after a mark of another process was met: among many processes its message may come here seldom.</summary>
    private static readonly TimeSpan Watch = TimeSpan.FromMinutes(10);

    private readonly ServiceDatabase _database;
    private readonly LoneTurn _turn;
    private readonly IHostApplicationLifetime _lifetime;
    private readonly ReliableMqMetrics _metrics;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly StartTable _table;
    private readonly TimeSpan _lease;
    private readonly DatabaseSight _sight;
    private readonly Lock _gate = new();
    private readonly Dictionary<MarkKey, Marked> _marked = [];
    private readonly HashSet<MarkKey> _starting = [];
    private bool _isWatching;
    private long? _metAt;
    private Task _renewal = Task.CompletedTask;

    public StartMarks(ServiceDatabase database, LoneTurn turn, IHostApplicationLifetime lifetime, ReliableMqMetrics metrics, TimeProvider time, QuietLogger<StartMarks> logger)
    {
        _database = database;
        _turn = turn;
        _lifetime = lifetime;
        _metrics = metrics;
        _time = time;
        _logger = logger;
        _lease = StartRules.Lease(database.Options.Outbox.PollInterval);
        _table = new StartTable(database, _lease);
        // Twice the time between two looks.
        _sight = new DatabaseSight(2 * _lease / 3, time);
    }

    /// <param name="StartedAt">Tells a run from the next of the same message.</param>
    /// <param name="State">Where the run is.</param>
    private readonly record struct Marked(DateTime StartedAt, RunState State);

    private enum RunState
    {
        Running,

        /// <summary>It is being cleared, so it is not renewed any more.</summary>
        Ending,

        /// <summary>It could not be cleared yet.</summary>
        Left,
    }

    /// <summary>
    /// A new message needs no mark, and so costs nothing: if it ends its process, it is not new any more. Neither are the
    /// copies of later epochs.
    /// </summary>
    public static bool Concern(Delivery delivery) => delivery.MessageId is not null && (delivery.Redelivered || delivery.Epoch > 0);

    public async Task<Start> StartAsync(Delivery delivery, CancellationToken cancellationToken)
    {
        var key = KeyOf(delivery);
        lock (_gate)
        {
            // Between what it writes and what it knows of that, another delivery of the message would take its mark for a lost one.
            if (!_starting.Add(key))
            {
                return new Start.Wait(ShortWait);
            }
        }

        try
        {
            await using var session = await _database.OpenAsync(cancellationToken);
            return await StartAsync(session.Connection, delivery, cancellationToken);
        }
        catch (Exception exception)
        {
            Missed(exception);
            throw;
        }
        finally
        {
            lock (_gate)
            {
                _starting.Remove(key);
            }
        }
    }

    private async Task<Start> StartAsync(NpgsqlConnection connection, Delivery delivery, CancellationToken cancellationToken)
    {
        var key = KeyOf(delivery);
        if (!IsRunning(key) && await _table.MarkAsync(connection, delivery, cancellationToken) is { } startedAt)
        {
            Add(key, startedAt);
            return new Start.Run(IsAlone: false);
        }

        if (await _table.ReadAsync(connection, delivery, cancellationToken) is not { } mark)
        {
            return new Start.Wait(ShortWait);
        }

        switch (StartRules.Decide(mark, _database.Node.Id, IsRunning(key), isSure: _sight.Seen() >= _lease))
        {
            case StartDecision.Run:
                return await TakeOverAsync(connection, delivery, mark, isAlone: false, cancellationToken);
            case StartDecision.RunAlone:
                return _turn.TryTake() ? await TakeOverAsync(connection, delivery, mark, isAlone: true, cancellationToken) : new Start.Wait(ShortWait);
            case StartDecision.Suspect:
                return await SuspectAsync(connection, delivery, mark, cancellationToken);
            case StartDecision.GiveUp:
                return new Start.Blamed(new ProcessEndedException(mark.LoneDeaths, mark.History));
            default:
                WatchDatabase();
                return new Start.Wait(LongWait);
        }
    }

    private async Task<Start> TakeOverAsync(NpgsqlConnection connection, Delivery delivery, StartMark mark, bool isAlone, CancellationToken cancellationToken)
    {
        DateTime? startedAt = null;
        try
        {
            startedAt = await _table.TakeOverAsync(connection, delivery, mark, cancellationToken);
        }
        finally
        {
            if (isAlone && startedAt is null)
            {
                _turn.Return();
            }
        }

        if (startedAt is null)
        {
            return new Start.Wait(ShortWait);
        }

        Add(KeyOf(delivery), startedAt.Value);
        return new Start.Run(isAlone);
    }

    /// <summary>
    /// Noted before anything is counted: a process that ends in between leaves one count too few, not one too many.
    /// </summary>
    private async Task<Start> SuspectAsync(NpgsqlConnection connection, Delivery delivery, StartMark mark, CancellationToken cancellationToken)
    {
        if (await _table.SuspectAsync(connection, delivery, mark, cancellationToken) is not var (loneDeaths, history))
        {
            return new Start.Wait(ShortWait);
        }

        _metrics.ProcessEnded(delivery.Queue, mark.IsSuspect);
        if (mark.IsSuspect)
        {
            return new Start.Blamed(new ProcessEndedException(loneDeaths, history));
        }

        LogMessages.Suspected(_logger, mark.Node, mark.Host, delivery);
        return new Start.Wait(ShortWait);
    }

    /// <summary>The attempt has ended, in whatever way.</summary>
    /// <param name="delivery">Its delivery.</param>
    /// <param name="start">How it was started.</param>
    public async Task EndAsync(Delivery delivery, Start.Run start)
    {
        if (start.IsAlone)
        {
            _turn.Return();
        }

        var key = KeyOf(delivery);
        Marked run;
        Task renewal;
        lock (_gate)
        {
            if (!_marked.TryGetValue(key, out run))
            {
                return;
            }

            _marked[key] = run = run with { State = RunState.Ending };
            renewal = _renewal;
        }

        try
        {
            // While its row is locked for being renewed it cannot be cleared, and if this process ended after the message was
            // settled, nobody would do it. A renewal that takes longer has a database that does not answer.
            await renewal.WaitAsync(MostWait, _time);
            // As long as it stands, no other delivery of the message is taken for the first.
            await using var session = await _database.OpenAsync(CancellationToken.None);
            await EndAsync(session.Connection, new Dictionary<MarkKey, DateTime> { [key] = run.StartedAt }, CancellationToken.None);
        }
        catch (Exception exception)
        {
            // Until it is cleared, the end of this process would look as if the message had caused it.
            LogMessages.MarkNotCleared(_logger, delivery, exception.Message);
        }

        lock (_gate)
        {
            if (_marked.TryGetValue(key, out var still) && still == run)
            {
                _marked[key] = run with { State = RunState.Left };
            }
        }
    }

    private async Task EndAsync(NpgsqlConnection connection, Dictionary<MarkKey, DateTime> runs, CancellationToken cancellationToken)
    {
        var locked = await _table.EndAsync(connection, runs, cancellationToken);
        lock (_gate)
        {
            foreach (var (key, startedAt) in runs)
            {
                if (!locked.Contains(key) && _marked.TryGetValue(key, out var run) && run.StartedAt == startedAt)
                {
                    _marked.Remove(key);
                }
            }
        }
    }

    /// <summary>It was forgotten in the transaction in which the message was done.</summary>
    public void Forgotten(Delivery delivery)
    {
        lock (_gate)
        {
            _marked.Remove(KeyOf(delivery));
        }
    }

    private static MarkKey KeyOf(Delivery delivery) => new(delivery.Queue, delivery.MessageId!);

    private bool IsRunning(MarkKey key)
    {
        lock (_gate)
        {
            return _marked.TryGetValue(key, out var run) && run.State != RunState.Left;
        }
    }

    private void Add(MarkKey key, DateTime startedAt)
    {
        lock (_gate)
        {
            _marked[key] = new Marked(startedAt, RunState.Running);
            Begin();
        }
    }

    /// <summary>Another process has a mark, and may have ended.</summary>
    private void WatchDatabase()
    {
        lock (_gate)
        {
            _metAt = _time.GetTimestamp();
            Begin();
        }
    }

    private void Begin()
    {
        if (!_isWatching)
        {
            _isWatching = true;
            _ = Task.Run(WatchAsync, CancellationToken.None);
        }
    }

    /// <summary>Runs as long as there are marks, here or elsewhere. Most are gone before the first renewal.</summary>
    private async Task WatchAsync()
    {
        var pause = _lease / 3;
        while (true)
        {
            await Task.Delay(pause, _time, CancellationToken.None);
            MarkKey[] running;
            Dictionary<MarkKey, DateTime> left;
            var renewed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            lock (_gate)
            {
                if (_marked.Count == 0 && (_metAt is not { } met || _time.GetElapsedTime(met) > Watch || _lifetime.ApplicationStopping.IsCancellationRequested))
                {
                    _isWatching = false;
                    return;
                }

                running = [.. _marked.Where(mark => mark.Value.State == RunState.Running).Select(mark => mark.Key)];
                left = _marked.Where(mark => mark.Value.State == RunState.Left).ToDictionary(mark => mark.Key, mark => mark.Value.StartedAt);
                _renewal = renewed.Task;
            }

            try
            {
                pause = await RenewAsync(running, left) ? _lease / 3 : _lease / 10;
            }
            finally
            {
                renewed.SetResult();
            }
        }
    }

    /// <summary>A pool that is full says nothing of the database.</summary>
    private void Missed(Exception exception)
    {
        if (!FailureRules.IsPoolExhausted(exception))
        {
            _sight.Lost();
        }
    }

    /// <returns>Whether the database has answered.</returns>
    private async Task<bool> RenewAsync(MarkKey[] running, Dictionary<MarkKey, DateTime> left)
    {
        try
        {
            // With the pauses between them, two tries fit into the time that a mark lasts.
            using var timeout = new TimeLimit(_lease / 2, _time);
            await using var session = await _database.OpenAsync(timeout.Token);
            await _table.RenewAsync(session.Connection, running, timeout.Token);
            await EndAsync(session.Connection, left, timeout.Token);
            _sight.Seen();
            return true;
        }
        catch (Exception exception)
        {
            Missed(exception);
            if (running.Length + left.Count > 0)
            {
                LogMessages.MarksNotRenewed(_logger, _database.Name, exception.Message);
            }

            return false;
        }
    }
}

/// <summary>Whether a message that is not new may run.</summary>
internal abstract record Start
{
    /// <summary>It is marked. <see cref="StartMarks.EndAsync(Delivery, Run)"/> has to follow.</summary>
    public sealed record Run(bool IsAlone) : Start;

    public sealed record Wait(TimeSpan Delay) : Start;

    /// <summary>It counts as a failed attempt.</summary>
    public sealed record Blamed(ProcessEndedException Exception) : Start;
}

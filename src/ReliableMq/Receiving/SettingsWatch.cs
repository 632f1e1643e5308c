using Microsoft.Extensions.Logging;
using ReliableMq.Diagnostics;
using ReliableMq.Storage;

namespace ReliableMq.Receiving;

/// <summary>
/// Has the consumers of one inbox database follow what operators change, in whichever process they ask for it.
/// While the database is away, consumers stay as they are.
/// </summary>
internal sealed class SettingsWatch(ServiceDatabase database, IReadOnlyList<QueueConsumer> consumers, TimeProvider time, QuietLogger<SettingsWatch> logger)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    private readonly SettingChangeTable _table = new(database);
    private readonly string[] _queues = [.. consumers.Select(consumer => consumer.Queue)];
    private readonly SemaphoreSlim _turn = new(1);
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private DateTimeOffset? _startedAt;
    private bool _failing;

    public SettingChangeTable Table => _table;

    /// <summary>Completes when the changes were read once: a queue that was paused for good is not consumed before.</summary>
    public Task Ready => _ready.Task;

    public async Task RunAsync(CancellationToken stopping)
    {
        try
        {
            await database.Ready.WaitAsync(stopping);
            while (true)
            {
                await TryAsync(stopping);
                await Task.Delay(_failing && !Ready.IsCompleted ? TimeSpan.FromMilliseconds(500) : Interval, time, stopping);
            }
        }
        catch (Exception) when (stopping.IsCancellationRequested)
        {
            // The host stops.
        }
    }

    public async Task ReadAsync(CancellationToken cancellationToken)
    {
        // One at a time: an older answer must not undo a newer one.
        await _turn.WaitAsync(cancellationToken);
        try
        {
            _startedAt ??= await _table.RegisterAsync(_queues, cancellationToken);
            var changes = await _table.ReadAsync(_queues, cancellationToken);
            foreach (var consumer in consumers)
            {
                consumer.Apply(SettingsInForce.Of(consumer.Settings, changes, _startedAt.Value));
            }

            _ready.TrySetResult();
        }
        finally
        {
            _turn.Release();
        }
    }

    private async Task TryAsync(CancellationToken stopping)
    {
        try
        {
            await ReadAsync(stopping);
            _failing = false;
        }
        catch (Exception exception) when (!stopping.IsCancellationRequested)
        {
            if (!_failing)
            {
                LogMessages.SettingsNotRead(logger, database.Name, exception.Message);
            }

            _failing = true;
        }
    }
}

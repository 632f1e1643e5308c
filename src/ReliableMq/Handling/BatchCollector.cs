using ReliableMq.Receiving;

namespace ReliableMq.Handling;

/// <summary>
/// Puts the messages of one handler together until a batch is full or its first message has waited long enough.
/// </summary>
/// <param name="settings">Size, linger, and how many batches run at once.</param>
/// <param name="handle">Handles a batch; the messages that are done come back. Does not throw.</param>
/// <param name="time">Measures the linger.</param>
internal sealed class BatchCollector(QueueSettings settings, Func<IReadOnlyList<ReadMessage>, CancellationToken, Task<IReadOnlySet<ReadMessage>>> handle, TimeProvider time)
{
    private readonly SlotGate _free = new(settings.Concurrency);
    private readonly Lock _gate = new();
    private Batch? _open;

    /// <returns>Whether it is done. If not, it is handled by itself.</returns>
    public Task<bool> AddAsync(ReadMessage message, CancellationToken givingUp)
    {
        Batch batch;
        lock (_gate)
        {
            var isNew = _open is null;
            batch = _open ??= new Batch();
            batch.Messages.Add(message);
            if (isNew)
            {
                _ = LingerAsync(batch, givingUp);
            }

            if (batch.Messages.Count == settings.BatchSize)
            {
                _open = null;
                batch.Full.SetResult();
            }
        }

        return ResultAsync(batch, message);
    }

    public void ChangeConcurrency(int concurrency) => _free.Resize(concurrency);

    /// <summary>Handles one message by itself, when there is room for one more batch.</summary>
    public async Task<Settlement> AloneAsync(Func<Task<Settlement>> handleAlone, CancellationToken givingUp)
    {
        try
        {
            await _free.EnterAsync(Timeout.InfiniteTimeSpan, time, givingUp);
        }
        catch (OperationCanceledException)
        {
            return Settlement.Requeue;
        }

        try
        {
            return await handleAlone();
        }
        finally
        {
            _free.Leave();
        }
    }

    private static async Task<bool> ResultAsync(Batch batch, ReadMessage message) => (await batch.Done.Task).Contains(message);

    private async Task LingerAsync(Batch batch, CancellationToken givingUp)
    {
        await batch.Full.Task.WaitAsync(settings.Linger, time, givingUp).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        lock (_gate)
        {
            if (_open == batch)
            {
                _open = null;
            }
        }

        IReadOnlySet<ReadMessage> done = new HashSet<ReadMessage>();
        try
        {
            await _free.EnterAsync(Timeout.InfiniteTimeSpan, time, givingUp);
            try
            {
                done = await handle(batch.Messages, givingUp);
            }
            finally
            {
                _free.Leave();
            }
        }
        catch (OperationCanceledException)
        {
            // The host stops: nothing was handled.
        }
        finally
        {
            batch.Done.SetResult(done);
        }
    }

    private sealed class Batch
    {
        public List<ReadMessage> Messages { get; } = [];

        public TaskCompletionSource Full { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource<IReadOnlySet<ReadMessage>> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}

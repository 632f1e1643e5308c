namespace ReliableMq.Receiving;

/// <summary>Lets so many deliveries be worked on at once. The number may change at any time; who is in stays in.</summary>
internal sealed class SlotGate(int size)
{
    private readonly Lock _gate = new();
    private int _size = size;
    private int _taken;
    private TaskCompletionSource? _freed;

    public int Taken
    {
        get
        {
            lock (_gate)
            {
                return _taken;
            }
        }
    }

    public void Resize(int size)
    {
        lock (_gate)
        {
            _size = size;
            Wake();
        }
    }

    /// <param name="limit">How long to wait; infinite is allowed.</param>
    /// <param name="time">Measures it.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>False when none became free within the limit.</returns>
    public async ValueTask<bool> EnterAsync(TimeSpan limit, TimeProvider time, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var startedAt = time.GetTimestamp();
        while (!TryEnter(out var freed))
        {
            var left = limit;
            if (limit != Timeout.InfiniteTimeSpan && (left = limit - time.GetElapsedTime(startedAt)) <= TimeSpan.Zero)
            {
                return false;
            }

            try
            {
                await freed.WaitAsync(left, time, cancellationToken);
            }
            catch (TimeoutException)
            {
                return false;
            }
        }

        return true;
    }

    public void Leave()
    {
        lock (_gate)
        {
            _taken--;
            Wake();
        }
    }

    private bool TryEnter(out Task freed)
    {
        lock (_gate)
        {
            if (_taken < _size)
            {
                _taken++;
                freed = Task.CompletedTask;
                return true;
            }

            freed = (_freed ??= new(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
            return false;
        }
    }

    private void Wake()
    {
        _freed?.TrySetResult();
        _freed = null;
    }
}

namespace ReliableMq.Inbox;

/// <summary>Lets one suspect run at a time in this process, over all its queues.</summary>
internal sealed class LoneTurn
{
    private int _taken;

    public bool TryTake() => Interlocked.CompareExchange(ref _taken, 1, 0) == 0;

    public void Return() => Volatile.Write(ref _taken, 0);
}

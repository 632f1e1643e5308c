namespace Shop.Runner.Running;

/// <summary>Events per second over the last few seconds, from a count that only grows.</summary>
internal sealed class RateMeter(TimeProvider clock)
{
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(5);

    private readonly Queue<(long At, int Count)> _samples = new();

    public double Next(int count)
    {
        var now = clock.GetTimestamp();
        while (_samples.Count > 1 && clock.GetElapsedTime(_samples.Peek().At, now) > Window)
        {
            _samples.Dequeue();
        }

        _samples.Enqueue((now, count));
        var first = _samples.Peek();
        var seconds = clock.GetElapsedTime(first.At, now).TotalSeconds;
        return seconds > 0 ? (count - first.Count) / seconds : 0;
    }
}

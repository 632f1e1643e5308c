using System.Collections.Concurrent;
using System.Text;
using ReliableMq.Faults.Workload;
using ReliableMq.TestSupport;

namespace ReliableMq.Faults.Running;

/// <summary>
/// Sees on the producers' line to the broker when a message that somebody tries to cancel late is sent first. A send too
/// many is no second effect, because the inbox knows the message; only the line shows it.
/// </summary>
internal sealed class LineWitness
{
    private readonly ConcurrentDictionary<string, DateTime> _sightings = new();
    private readonly ConcurrentDictionary<int, Blind> _blind = new();
    private int _times;

    public IReadOnlyDictionary<string, DateTime> Sightings => _sightings;

    public IReadOnlyList<Blind> Blind => [.. _blind.Values];

    /// <summary>The id stands twice in a publish, as its message id and in its body, so the end of one chunk cannot hide both.</summary>
    public ProxyAction Look(ReadOnlyMemory<byte> chunk)
    {
        var rest = chunk.Span;
        for (var mark = rest.IndexOf(Draft.LateMark); mark >= 0; mark = rest.IndexOf(Draft.LateMark))
        {
            if (rest[..mark].LastIndexOf(Begin) is >= 0 and var begin)
            {
                _sightings.TryAdd(Encoding.ASCII.GetString(rest[begin..(mark + Draft.LateMark.Length)]), TimeProvider.System.GetUtcNow().UtcDateTime);
            }

            rest = rest[(mark + Draft.LateMark.Length)..];
        }

        return ProxyAction.Forward;
    }

    /// <summary>A process stops here: what it was about to write comes when it goes on.</summary>
    /// <param name="process">Which one; null for any.</param>
    public void Blink(string? process = null) => OpenEyes(CloseEyes(process));

    /// <summary>From now on little or nothing is read from the line, so what it says may have been written long before.</summary>
    /// <returns>What ends it.</returns>
    public int CloseEyes(string? process = null)
    {
        var time = Interlocked.Increment(ref _times);
        _blind[time] = new Blind(TimeProvider.System.GetUtcNow().UtcDateTime, DateTime.MaxValue, process);
        return time;
    }

    public void OpenEyes(int time) => _blind[time] = _blind[time] with { Until = TimeProvider.System.GetUtcNow().UtcDateTime };

    private static ReadOnlySpan<byte> Begin => "producer-"u8;
}

/// <summary>A time in which the first sighting of a message says nothing about when it was sent.</summary>
/// <param name="From">Its begin.</param>
/// <param name="Until">Its end.</param>
/// <param name="Process">Whose messages alone it is about; null for all.</param>
internal sealed record Blind(DateTime From, DateTime Until, string? Process = null);

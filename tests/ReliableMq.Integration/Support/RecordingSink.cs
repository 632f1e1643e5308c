using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;

namespace ReliableMq.Integration.Support;

/// <summary>A sink that keeps what it was told. What it does first is the test's choice, by the number of the call.</summary>
internal sealed class RecordingSink(string name, Func<int, CancellationToken, Task>? first = null) : IAlertSink
{
    private readonly ConcurrentQueue<Alert> _told = new();
    private int _calls;

    public string Name => name;

    public int Calls => Volatile.Read(ref _calls);

    public IReadOnlyList<Alert> Told => [.. _told];

    public async Task SendAsync(Alert alert, CancellationToken cancellationToken)
    {
        var call = Interlocked.Increment(ref _calls);
        if (first is not null)
        {
            await first(call, cancellationToken);
        }

        _told.Enqueue(alert);
    }

    public void AddTo(TestServiceSetup setup) => setup.Services += services => services.AddSingleton<IAlertSink>(this);
}

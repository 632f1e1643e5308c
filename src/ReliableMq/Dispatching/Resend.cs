using ReliableMq.Hosting;
using ReliableMq.Scheduling;

namespace ReliableMq.Dispatching;

/// <summary>Asks every dispatcher to look for due rows, whatever its poll believes: a net under it.</summary>
internal sealed class Resend(DispatcherHost dispatchers, ReliableMqOptions options) : IScheduledWork
{
    public string Name => "resend";

    public TimeSpan Interval => options.Outbox.ResendInterval;

    public Task RunOnceAsync(CancellationToken cancellationToken)
    {
        foreach (var dispatcher in dispatchers.Dispatchers)
        {
            dispatcher.RunSoon();
        }

        return Task.CompletedTask;
    }
}

using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using ReliableMq.Diagnostics;
using ReliableMq.Storage;
using ReliableMq.Timing;

namespace ReliableMq.Alerting;

/// <summary>Runs one teller for each database and sink.</summary>
internal sealed class AlertHost(
    ServiceDatabases databases, AlertSinks sinks, IServiceProvider services, IHostApplicationLifetime lifetime, QuietLogger<AlertHost> logger)
    : IHostedService, IDisposable
{
    private readonly CancellationTokenSource _stopping = new();
    private readonly CancellationTokenSource _givingUp = new();
    private IReadOnlyList<AlertTeller> _tellers = [];
    private Task _running = Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        var all = sinks.All;
        SinkNames.Check(all);
        _tellers = [.. databases.All.SelectMany(database => all.Select(sink => ActivatorUtilities.CreateInstance<AlertTeller>(services, database, sink)))];
        _running = Task.WhenAll(_tellers.Select(teller => Task.Run(() => RunAsync(teller), CancellationToken.None)));
        return Task.CompletedTask;
    }

    private async Task RunAsync(AlertTeller teller)
    {
        try
        {
            await teller.RunAsync(_stopping.Token, _givingUp.Token);
        }
        catch (Exception exception)
        {
            LogMessages.BackgroundWorkEnded(logger, nameof(AlertTeller), exception);
            lifetime.StopApplication();
        }
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelQuietlyAsync();
        await using var limit = cancellationToken.Register(_givingUp.CancelQuietly);
        await _running;
    }

    public void Dispose()
    {
        foreach (var teller in _tellers)
        {
            teller.Dispose();
        }

        _stopping.Dispose();
        _givingUp.Dispose();
    }
}

using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using ReliableMq.Diagnostics;
using ReliableMq.Dispatching;
using ReliableMq.Storage;
using ReliableMq.Timing;

namespace ReliableMq.Hosting;

/// <summary>Runs one dispatcher for each set of tables. They stop after the consumers, whose last messages they still send.</summary>
internal sealed class DispatcherHost(
    ServiceDatabases databases, IServiceProvider services, IHostApplicationLifetime lifetime, QuietLogger<DispatcherHost> logger) : IHostedService
{
    private readonly CancellationTokenSource _stopping = new();
    private readonly CancellationTokenSource _givingUp = new();
    private Task _running = Task.CompletedTask;

    public IReadOnlyList<OutboxDispatcher> Dispatchers { get; } =
        [.. databases.All.Select(database => ActivatorUtilities.CreateInstance<OutboxDispatcher>(services, database))];

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _running = Task.WhenAll(Dispatchers.Select(dispatcher => Task.Run(() => RunAsync(dispatcher), CancellationToken.None)));
        return Task.CompletedTask;
    }

    private async Task RunAsync(OutboxDispatcher dispatcher)
    {
        try
        {
            await dispatcher.RunAsync(_stopping.Token, _givingUp.Token);
        }
        catch (Exception exception)
        {
            LogMessages.BackgroundWorkEnded(logger, nameof(OutboxDispatcher), exception);
            lifetime.StopApplication();
        }
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelQuietlyAsync();
        await using var limit = cancellationToken.Register(_givingUp.CancelQuietly);
        await _running;
    }
}

using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace ReliableMq.Dashboard.Security;

/// <summary>Looks once, when all is mapped, at who may see the dashboard.</summary>
internal sealed partial class DashboardStart(Guard guard, EndpointDataSource endpoints, ILogger<DashboardStart> logger) : IHostedLifecycleService
{
    public Task StartingAsync(CancellationToken cancellationToken) => guard.CheckAsync();

    public Task StartedAsync(CancellationToken cancellationToken)
    {
        var open = endpoints.Endpoints.OfType<RouteEndpoint>()
            .Where(endpoint => endpoint.Metadata.GetMetadata<DashboardPath>() is not null && !Guard.HasChoice(endpoint.Metadata))
            .Select(endpoint => endpoint.Metadata.GetMetadata<DashboardPath>()!.Path)
            .Distinct(StringComparer.Ordinal);
        foreach (var path in open)
        {
            OnlyThisMachine(logger, path);
        }

        return Task.CompletedTask;
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    [LoggerMessage(10001, LogLevel.Warning, "The dashboard at \"{Path}\" answers only to callers on this machine. Call MapReliableMqDashboard(…).RequireAuthorization(…) to let others see it.")]
    private static partial void OnlyThisMachine(ILogger logger, string path);
}

/// <summary>Marks the dashboard's endpoints.</summary>
internal sealed record DashboardPath(string Path);

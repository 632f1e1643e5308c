using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace ReliableMq.Dashboard.Security;

/// <summary>Looks once, when all is mapped, at who may see the dashboard.</summary>
internal sealed partial class DashboardStart(Guard guard, StartLink link, EndpointDataSource endpoints, IServiceProvider services, IHostEnvironment environment, ILogger<DashboardStart> logger) : IHostedLifecycleService
{
    public Task StartingAsync(CancellationToken cancellationToken) => guard.CheckAsync();

    public Task StartedAsync(CancellationToken cancellationToken)
    {
        var open = endpoints.Endpoints.OfType<RouteEndpoint>()
            .Where(endpoint => endpoint.Metadata.GetMetadata<DashboardPath>() is not null && !Guard.HasChoice(endpoint.Metadata))
            .Select(endpoint => endpoint.Metadata.GetMetadata<DashboardPath>()!.Path)
            .Distinct(StringComparer.Ordinal);
        var server = services.GetService<IServer>()?.Features.Get<IServerAddressesFeature>()?.Addresses.FirstOrDefault();
        foreach (var path in open)
        {
            NobodyChosen(logger, path, environment.IsDevelopment() ? "in Development callers on this machine may, and " : "", link.Address(server, path));
        }

        return Task.CompletedTask;
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    [LoggerMessage(10001, LogLevel.Warning, "Nobody has said who may see the dashboard at \"{Path}\": {Here}whoever opens {Link} may until this process ends. Call MapReliableMqDashboard(…).RequireAuthorization(…) to say who else may.")]
    private static partial void NobodyChosen(ILogger logger, string path, string here, string link);
}

/// <summary>Marks the dashboard's endpoints.</summary>
internal sealed record DashboardPath(string Path);

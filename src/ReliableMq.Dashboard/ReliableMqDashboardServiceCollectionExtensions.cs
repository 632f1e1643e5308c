using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using ReliableMq.Dashboard;
using ReliableMq.Dashboard.Api;
using ReliableMq.Dashboard.Page;
using ReliableMq.Dashboard.Resources;
using ReliableMq.Dashboard.Security;
using ReliableMq.Dashboard.Services;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers the dashboard.</summary>
public static class ReliableMqDashboardServiceCollectionExtensions
{
    /// <summary>Adds what <c>MapReliableMqDashboard</c> needs. Repeated calls add up.</summary>
    /// <param name="services">The application's services.</param>
    /// <param name="configure">Sets the options.</param>
    public static IServiceCollection AddReliableMqDashboard(this IServiceCollection services, Action<ReliableMqDashboardOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        var options = services.AddOptions<ReliableMqDashboardOptions>();
        if (configure is not null)
        {
            options.Configure(configure);
        }

        if (services.Any(service => service.ServiceType == typeof(ApiRoutes)))
        {
            return services;
        }

        options.ValidateOnStart();
        services.AddSingleton<IValidateOptions<ReliableMqDashboardOptions>, DashboardOptionsRules>();
        services.AddAuthorization();
        services.AddHealthChecks();
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<KnownServices>();
        services.AddSingleton<Changes>();
        services.AddSingleton<StartLink>();
        services.AddSingleton<Guard>();
        services.AddSingleton<ApiEndpoint>();
        services.AddSingleton<PageFiles>();
        services.AddSingleton<IHostedService, DashboardStart>();
        services.AddSingleton<ApiRoutes>();
        services.AddSingleton<IResource, SessionResource>();
        services.AddSingleton<IResource, OverviewResource>();
        services.AddSingleton<IResource, OutboxResource>();
        services.AddSingleton<IResource, InboxResource>();
        services.AddSingleton<IResource, DeadLettersResource>();
        services.AddSingleton<IResource, MessagesResource>();
        services.AddSingleton<IResource, QueuesResource>();
        services.AddSingleton<IResource, OperationsResource>();
        services.AddSingleton<IResource, LiveResource>();
        return services;
    }
}

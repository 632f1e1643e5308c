using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using ReliableMq;
using ReliableMq.Broker;
using ReliableMq.Broker.Naming;
using ReliableMq.Broker.Topology;
using ReliableMq.DeadLettering;
using ReliableMq.Diagnostics;
using ReliableMq.Dispatching;
using ReliableMq.Handling;
using ReliableMq.Hosting;
using ReliableMq.Outbox;
using ReliableMq.Scheduling;
using ReliableMq.Storage;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers ReliableMq.</summary>
public static class ReliableMqServiceCollectionExtensions
{
    /// <summary>
    /// Adds ReliableMq with the settings of a configuration section. Repeated calls add up.
    /// </summary>
    /// <param name="services">The application's services.</param>
    /// <param name="configuration">Usually <c>builder.Configuration.GetSection("ReliableMq")</c>.</param>
    public static ReliableMqBuilder AddReliableMq(this IServiceCollection services, IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        var reader = new ConfigurationReader(configuration);
        services.AddSingleton<IConfigureOptions<ReliableMqOptions>>(reader);
        services.AddSingleton<IValidateOptions<ReliableMqOptions>>(reader);
        services.AddSingleton<IOptionsChangeTokenSource<ReliableMqOptions>>(new ConfigurationChangeTokenSource<ReliableMqOptions>(configuration));
        return services.AddReliableMq();
    }

    /// <summary>Adds ReliableMq with settings given in code. Repeated calls add up.</summary>
    /// <param name="services">The application's services.</param>
    /// <param name="configure">Sets the options.</param>
    public static ReliableMqBuilder AddReliableMq(this IServiceCollection services, Action<ReliableMqOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        var options = services.AddOptions<ReliableMqOptions>();
        if (configure is not null)
        {
            options.Configure(configure);
        }

        var builder = new ReliableMqBuilder(services);
        if (services.Any(service => service.ServiceType == typeof(BrokerConnections)))
        {
            return builder;
        }

        options.PostConfigure<IHostEnvironment>((settings, environment) => settings.Service ??= environment.ApplicationName).ValidateOnStart();
        services.AddSingleton<IValidateOptions<ReliableMqOptions>, OptionsRules>();
        services.AddMetrics();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(provider => provider.GetRequiredService<IOptions<ReliableMqOptions>>().Value);

        services.TryAddSingleton<IBrokerCredentialsProvider, ConfiguredCredentials>();
        services.AddSingleton<BrokerConnections>();
        services.AddSingleton(provider => new NamesInUse(provider.GetServices<INamingPolicy>(), provider.GetRequiredService<ReliableMqOptions>().Topology.Naming));
        services.AddSingleton<TopologyDeclarer>();
        services.AddSingleton<TopologyState>();
        services.AddSingleton<ServiceDatabases>();
        services.AddSingleton<MessageSerializer>();
        services.AddSingleton<MessageFactory>();
        services.AddSingleton<HandlerRegistry>();
        services.AddSingleton<ReliableMqMetrics>();
        services.AddSingleton<IDeadLetters, DeadLetters>();
        services.AddSingleton<IOutbox, TransactionOutbox>();
        services.AddSingleton<IMessagePublisher, MessagePublisher>();
        services.AddSingleton<IPendingMessages, PendingMessages>();

        services.AddSingleton<DispatcherHost>();
        services.AddSingleton<ConsumerHost>();
        services.AddSingleton<IHostedService, DatabaseStartup>();
        services.AddSingleton<IHostedService>(provider => provider.GetRequiredService<DispatcherHost>());
        services.AddSingleton<IHostedService>(provider => provider.GetRequiredService<ConsumerHost>());
        services.AddSingleton<IScheduledWork, Resend>();
        services.AddSingleton<IScheduledWork, HistoryHousekeeping>();
        services.AddSingleton<IScheduledWork, TopologyCheck>();
        services.AddSingleton<IHostedService, QuartzSchedule>();
        services.AddSingleton<IHostedService, PendingMeasurement>();

        services.AddHealthChecks()
            .AddCheck<BrokerHealthCheck>("reliable-mq-broker", HealthStatus.Unhealthy, ["reliable-mq"])
            .AddCheck<TopologyHealthCheck>("reliable-mq-topology", HealthStatus.Degraded, ["reliable-mq"])
            .AddCheck<ConsumersHealthCheck>("reliable-mq-consumers", HealthStatus.Unhealthy, ["reliable-mq"])
            .AddCheck<OutboxHealthCheck>("reliable-mq-outbox", HealthStatus.Unhealthy, ["reliable-mq"]);
        return builder;
    }

    /// <summary>
    /// Gives a DbContext an outbox: <c>AddMessage</c> works on it, and what it saves is sent. The context
    /// itself is registered as usual, before or after, pooled or not, by <c>AddDbContext</c> or a factory.
    /// </summary>
    /// <typeparam name="TContext">The context; its database must be PostgreSQL.</typeparam>
    public static ReliableMqBuilder AddOutbox<TContext>(this ReliableMqBuilder builder) where TContext : DbContext =>
        builder.AddDatabase<TContext>(isInbox: false);

    /// <summary>
    /// Gives a DbContext an inbox: handlers run in its transactions. It has an outbox as well, for the
    /// messages that handlers add and for retries.
    /// </summary>
    /// <typeparam name="TContext">The context; its database must be PostgreSQL.</typeparam>
    public static ReliableMqBuilder AddInbox<TContext>(this ReliableMqBuilder builder) where TContext : DbContext =>
        builder.AddDatabase<TContext>(isInbox: true);

    private static ReliableMqBuilder AddDatabase<TContext>(this ReliableMqBuilder builder, bool isInbox) where TContext : DbContext
    {
        ArgumentNullException.ThrowIfNull(builder);
        var known = builder.Services.Any(service => service.ImplementationInstance is DatabaseRegistration { ContextType: var type } && type == typeof(TContext));
        builder.Services.AddSingleton(new DatabaseRegistration(typeof(TContext), isInbox));
        if (known)
        {
            return builder;
        }

        builder.Services.ConfigureDbContext<TContext>((provider, context) =>
        {
            var extension = new OutboxOptionsExtension(
                provider.GetRequiredService<ServiceDatabases>().For(typeof(TContext)),
                provider.GetRequiredService<MessageFactory>(),
                provider.GetRequiredService<ILoggerFactory>().CreateLogger("ReliableMq.Outbox"));
            ((Microsoft.EntityFrameworkCore.Infrastructure.IDbContextOptionsBuilderInfrastructure)context).AddOrUpdateExtension(extension);
            context.AddInterceptors(OutboxInterceptor.Instance);
        });
        return builder;
    }
}

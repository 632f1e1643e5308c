using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization.Metadata;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;
using ReliableMq;
using ReliableMq.Alerting;
using ReliableMq.Broker;
using ReliableMq.Broker.Naming;
using ReliableMq.Broker.Topology;
using ReliableMq.DeadLettering;
using ReliableMq.Diagnostics;
using ReliableMq.Dispatching;
using ReliableMq.Failing;
using ReliableMq.Handling;
using ReliableMq.Hosting;
using ReliableMq.Inbox;
using ReliableMq.Outbox;
using ReliableMq.Receiving;
using ReliableMq.Scheduling;
using ReliableMq.Storage;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers ReliableMq.</summary>
public static class ReliableMqServiceCollectionExtensions
{
    /// <summary>What EF asks of a context that it is to configure.</summary>
    private const DynamicallyAccessedMemberTypes OfContexts =
        DynamicallyAccessedMemberTypes.PublicConstructors | DynamicallyAccessedMemberTypes.NonPublicConstructors | DynamicallyAccessedMemberTypes.PublicProperties;

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
        services.AddSingleton(new RegisteredServices(services));
        services.AddSingleton<DependencyRules>();
        services.AddMetrics();
        services.AddSingleton(typeof(QuietLogger<>));
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(provider => provider.GetRequiredService<IOptions<ReliableMqOptions>>().Value);

        services.TryAddSingleton<IBrokerCredentialsProvider, ConfiguredCredentials>();
        services.AddSingleton<BrokerConnections>();
        services.AddSingleton(provider => new NamesInUse(provider.GetServices<INamingPolicy>(), provider.GetRequiredService<ReliableMqOptions>().Topology.Naming));
        services.AddSingleton<TopologyDeclarer>();
        services.AddSingleton<TopologyState>();
        services.AddSingleton<ServiceDatabases>();
        services.AddSingleton<JsonMessageSerializer>();
        services.AddSingleton<MessageSerializer>();
        services.AddSingleton<MessageFactory>();
        services.AddSingleton<HandlerRegistry>();
        services.AddSingleton<HandlingFilters>();
        services.AddSingleton<LoggingScopeFilter>();
        services.AddSingleton<AbandonedHandlers>();
        services.AddSingleton<LoneTurn>();
        builder.AddHandlingFilter<LoggingScopeFilter>();
        services.AddSingleton<ReliableMqMetrics>();
        services.AddSingleton<IDeadLetters, DeadLetters>();
        services.AddSingleton<IParkedMessages, ParkedMessages>();
        services.AddSingleton<IOutbox, ConnectionOutbox>();
        services.AddSingleton(typeof(IOutbox<>), typeof(ContextOutbox<>));
        services.AddSingleton<ConfirmedPublisher>();
        services.AddSingleton<IMessagePublisher, MessagePublisher>();
        services.AddSingleton<IPendingMessages, PendingMessages>();
        services.AddSingleton<IConsumers, Consumers>();

        services.AddSingleton<DispatcherHost>();
        services.AddSingleton<ConsumerHost>();
        // First, so that it ends last: what the others still do while they stop counts.
        services.AddSingleton<IHostedService, FlowRecorder>();
        services.AddSingleton<IHostedService, DatabaseStartup>();
        services.AddSingleton<IHostedService>(provider => provider.GetRequiredService<DispatcherHost>());
        services.AddSingleton<IHostedService>(provider => provider.GetRequiredService<ConsumerHost>());
        services.AddSingleton<IAlertSink, LogAlertSink>();
        services.AddSingleton<AlertSinks>();
        services.AddSingleton<IHostedService, AlertHost>();
        services.AddSingleton<IScheduledWork, Resend>();
        services.AddSingleton<IScheduledWork, HistoryHousekeeping>();
        services.AddSingleton<IScheduledWork, StrandedKeys>();
        services.AddSingleton<IScheduledWork, InboxHousekeeping>();
        services.AddSingleton<IScheduledWork, TopologyCheck>();
        services.AddSingleton<IScheduledWork, AlertHousekeeping>();
        services.AddSingleton<IScheduledWork, DeadLetterHousekeeping>();
        services.AddSingleton<IScheduledWork, HeldKeys>();
        services.AddSingleton<DeadLetterBacklog>();
        services.AddSingleton<IScheduledWork>(provider => provider.GetRequiredService<DeadLetterBacklog>());
        services.AddSingleton(provider => new BrokerQueues(
            provider.GetRequiredService<ReliableMqOptions>(), provider.GetRequiredService<HandlerRegistry>(), provider.GetRequiredService<BrokerConnections>(), provider.GetRequiredService<TopologyState>(),
            provider.GetRequiredService<IBrokerCredentialsProvider>()));
        services.AddSingleton<ReplayHost>();
        services.AddSingleton<IHostedService>(provider => provider.GetRequiredService<ReplayHost>());
        services.AddSingleton<IScheduledWork>(provider => provider.GetRequiredService<ReplayHost>());
        services.AddSingleton<ScheduledWorkTable>();
        services.AddSingleton<ScheduledWorkRunner>();
        services.AddSingleton<IHostedService, QuartzSchedule>();
        services.AddSingleton<IHostedService, PendingMeasurement>();

        services.AddHealthChecks()
            .AddCheck<BrokerHealthCheck>("reliable-mq-broker", HealthStatus.Unhealthy, ["reliable-mq"])
            .AddCheck<TopologyHealthCheck>("reliable-mq-topology", HealthStatus.Degraded, ["reliable-mq"])
            .AddCheck<ConsumersHealthCheck>("reliable-mq-consumers", HealthStatus.Unhealthy, ["reliable-mq"])
            .AddCheck<DeadLetterQueuesHealthCheck>("reliable-mq-dead-letter-queues", HealthStatus.Degraded, ["reliable-mq"])
            .AddCheck<OutboxHealthCheck>("reliable-mq-outbox", HealthStatus.Unhealthy, ["reliable-mq"])
            .AddCheck<AlertsHealthCheck>("reliable-mq-alerts", HealthStatus.Degraded, ["reliable-mq"])
            .AddCheck<OpenAlertsHealthCheck>("reliable-mq-open-alerts", HealthStatus.Degraded, ["reliable-mq"])
            .AddCheck<ScheduledWorkHealthCheck>("reliable-mq-scheduled-work", HealthStatus.Degraded, ["reliable-mq"]);
        return builder;
    }

    /// <summary>
    /// Gives a DbContext an outbox: <c>AddMessage</c> works on it, and what it saves is sent. The context
    /// itself is registered as usual, before or after, pooled or not, by <c>AddDbContext</c> or a factory.
    /// </summary>
    /// <typeparam name="TContext">The context; its database must be PostgreSQL.</typeparam>
    /// <param name="builder">What <c>AddReliableMq</c> returned.</param>
    /// <param name="schema">
    /// The schema of this context's tables. Null means <see cref="DatabaseOptions.Schema"/>; contexts with the
    /// same schema of the same database share its tables.
    /// </param>
    public static ReliableMqBuilder AddOutbox<[DynamicallyAccessedMembers(OfContexts)] TContext>(this ReliableMqBuilder builder, string? schema = null) where TContext : DbContext =>
        builder.AddDatabase<TContext>(isInbox: false, schema);

    /// <summary>
    /// Gives a DbContext an inbox: handlers run in its transactions. It has an outbox as well, for the
    /// messages that handlers add and for retries.
    /// </summary>
    /// <typeparam name="TContext">The context; its database must be PostgreSQL.</typeparam>
    /// <param name="builder">What <c>AddReliableMq</c> returned.</param>
    /// <param name="schema">As for <see cref="AddOutbox{TContext}"/>.</param>
    public static ReliableMqBuilder AddInbox<[DynamicallyAccessedMembers(OfContexts)] TContext>(this ReliableMqBuilder builder, string? schema = null) where TContext : DbContext =>
        builder.AddDatabase<TContext>(isInbox: true, schema);

    /// <summary>
    /// Gives a service without a DbContext an outbox: messages are added with <see cref="IOutbox"/>, in transactions
    /// of any connection to this database.
    /// </summary>
    /// <param name="builder">What <c>AddReliableMq</c> returned.</param>
    /// <param name="dataSource">Finds it, such as <c>services => services.GetRequiredService&lt;NpgsqlDataSource&gt;()</c>. A service has one.</param>
    /// <param name="schema">As for <see cref="AddOutbox{TContext}"/>.</param>
    public static ReliableMqBuilder AddOutbox(this ReliableMqBuilder builder, Func<IServiceProvider, NpgsqlDataSource> dataSource, string? schema = null) =>
        builder.AddDataSource(dataSource, isInbox: false, schema);

    /// <inheritdoc cref="AddOutbox(ReliableMqBuilder, Func{IServiceProvider, NpgsqlDataSource}, string?)"/>
    public static ReliableMqBuilder AddOutbox(this ReliableMqBuilder builder, NpgsqlDataSource dataSource, string? schema = null)
    {
        ArgumentNullException.ThrowIfNull(dataSource);
        return builder.AddDataSource(_ => dataSource, isInbox: false, schema);
    }

    /// <summary>
    /// Gives handlers without a DbContext an inbox: they write in <see cref="MessageContext.Transaction"/>. It has
    /// an outbox as well, see <see cref="IOutbox"/>.
    /// </summary>
    /// <inheritdoc cref="AddOutbox(ReliableMqBuilder, Func{IServiceProvider, NpgsqlDataSource}, string?)"/>
    public static ReliableMqBuilder AddInbox(this ReliableMqBuilder builder, Func<IServiceProvider, NpgsqlDataSource> dataSource, string? schema = null) =>
        builder.AddDataSource(dataSource, isInbox: true, schema);

    /// <inheritdoc cref="AddInbox(ReliableMqBuilder, Func{IServiceProvider, NpgsqlDataSource}, string?)"/>
    public static ReliableMqBuilder AddInbox(this ReliableMqBuilder builder, NpgsqlDataSource dataSource, string? schema = null)
    {
        ArgumentNullException.ThrowIfNull(dataSource);
        return builder.AddDataSource(_ => dataSource, isInbox: true, schema);
    }

    /// <summary>
    /// Adds a serializer for messages of its content type; its constructor may take services. One for
    /// <c>application/json</c> replaces ReliableMq's own.
    /// </summary>
    /// <typeparam name="TSerializer">The serializer; one instance serves the application.</typeparam>
    public static ReliableMqBuilder AddSerializer<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TSerializer>(this ReliableMqBuilder builder) where TSerializer : class, IMessageSerializer
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.AddSingleton<IMessageSerializer, TSerializer>();
        return builder;
    }

    /// <summary>
    /// Adds a source-generated JSON context such as <c>OrdersJson.Default</c>. Types that no added context knows
    /// are read and written by reflection, unless <c>JsonSerializerIsReflectionEnabledByDefault</c> is false in
    /// the project. The options are those of <c>JsonSerializerDefaults.Web</c>, whatever the context says.
    /// </summary>
    /// <param name="builder">What <c>AddReliableMq</c> returned.</param>
    /// <param name="context">Asked in the order of the calls.</param>
    public static ReliableMqBuilder AddJsonContext(this ReliableMqBuilder builder, IJsonTypeInfoResolver context)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(context);
        builder.Services.AddSingleton(new JsonContext(context));
        return builder;
    }

    private static ReliableMqBuilder AddDataSource(this ReliableMqBuilder builder, Func<IServiceProvider, NpgsqlDataSource> dataSource, bool isInbox, string? schema)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(dataSource);
        builder.Services.AddSingleton(new DatabaseRegistration(typeof(NpgsqlDataSource), isInbox, schema, dataSource));
        return builder;
    }

    private static ReliableMqBuilder AddDatabase<[DynamicallyAccessedMembers(OfContexts)] TContext>(this ReliableMqBuilder builder, bool isInbox, string? schema) where TContext : DbContext
    {
        ArgumentNullException.ThrowIfNull(builder);
        var known = builder.Services.Any(service => service.ImplementationInstance is DatabaseRegistration { Key: var key } && key == typeof(TContext));
        builder.Services.AddSingleton(new DatabaseRegistration(typeof(TContext), isInbox, schema));
        if (known)
        {
            return builder;
        }

        builder.Services.ConfigureDbContext<TContext>((provider, context) =>
        {
            var extension = new OutboxOptionsExtension(
                provider.GetRequiredService<ServiceDatabases>().For(typeof(TContext)),
                provider.GetRequiredService<MessageFactory>(),
                provider.GetRequiredService<QuietLogger<OutboxInterceptor>>());
            ((Microsoft.EntityFrameworkCore.Infrastructure.IDbContextOptionsBuilderInfrastructure)context).AddOrUpdateExtension(extension);
            context.AddInterceptors(OutboxInterceptor.Instance);
        });
        return builder;
    }
}

using System.ComponentModel;
using Microsoft.Extensions.DependencyInjection;

namespace ReliableMq;

/// <summary>Adds outboxes, inboxes and handlers; returned by <c>AddReliableMq</c>.</summary>
public sealed class ReliableMqBuilder
{
    internal ReliableMqBuilder(IServiceCollection services) => Services = services;

    /// <summary>The services of the application.</summary>
    public IServiceCollection Services { get; }

    /// <summary>Adds one handler. Called by generated code; write <c>[MessageHandler]</c> instead.</summary>
    [EditorBrowsable(EditorBrowsableState.Never)]
    public ReliableMqBuilder AddHandler(HandlerDefinition handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
        Services.AddSingleton(handler);
        return this;
    }

    /// <summary>
    /// Adds a sink that is told of alerts, besides the log, which always is. It is one instance, made by the
    /// application's services.
    /// </summary>
    /// <typeparam name="TSink">The sink.</typeparam>
    public ReliableMqBuilder AddAlertSink<TSink>() where TSink : class, IAlertSink
    {
        Services.AddSingleton<IAlertSink, TSink>();
        return this;
    }
}

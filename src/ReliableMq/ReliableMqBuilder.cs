using System.ComponentModel;
using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Quartz;
using ReliableMq.Failing;
using ReliableMq.Handling;
using ReliableMq.Scheduling;

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

    /// <summary>Surrounds every handler with a filter, one instance an attempt; the first one added is the outermost.</summary>
    /// <typeparam name="TFilter">The filter.</typeparam>
    public ReliableMqBuilder AddHandlingFilter<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TFilter>() where TFilter : class, IHandlingFilter
    {
        Services.TryAddScoped<TFilter>();
        Services.AddSingleton(new FilterRegistration(typeof(TFilter), static services => services.GetRequiredService<TFilter>()));
        return this;
    }

    /// <summary>Surrounds the handlers of one type of message with a filter.</summary>
    /// <typeparam name="TFilter">The filter.</typeparam>
    /// <typeparam name="TMessage">The type, a base type of it or an interface.</typeparam>
    public ReliableMqBuilder AddHandlingFilter<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TFilter, TMessage>() where TFilter : class, IHandlingFilter<TMessage>
    {
        Services.TryAddScoped<TFilter>();
        Services.AddSingleton(new FilterRegistration(typeof(TFilter), static services => new TypedFilter<TMessage>(services.GetRequiredService<TFilter>())));
        return this;
    }

    /// <summary>
    /// Says what follows when any handler fails with an exception, unless <see cref="OnExceptionAttribute"/> on it or on
    /// its class says something.
    /// </summary>
    /// <inheritdoc cref="OnExceptionAttribute" path="/remarks"/>
    /// <typeparam name="TException">The type of the exception.</typeparam>
    /// <param name="then">What follows.</param>
    /// <param name="when">
    /// Looks at the exception; null for every one of the type. Of several for one type the first whose condition holds
    /// is taken, and last the one without. One that throws does not hold.
    /// </param>
    /// <param name="delay">With <see cref="OnFailure.Retry"/>: the time to the next attempt instead of the queue's, from 1 ms to 365 days. It counts as an attempt.</param>
    /// <exception cref="ArgumentOutOfRangeException">The outcome is unknown, or the delay is out of range.</exception>
    /// <exception cref="ArgumentException">A delay is given with another outcome, or the type has a rule without a condition already.</exception>
    public ReliableMqBuilder OnException<TException>(OnFailure then, Func<TException, bool>? when = null, TimeSpan? delay = null) where TException : Exception
    {
        if (!Enum.IsDefined(then))
        {
            throw new ArgumentOutOfRangeException(nameof(then), then, $"OnException<{typeof(TException).Name}> has an unknown outcome. Use {string.Join(", ", Enum.GetNames<OnFailure>())}.");
        }

        if (delay is not null && then != OnFailure.Retry)
        {
            throw new ArgumentException($"OnException<{typeof(TException).Name}> has a delay, but its outcome is {then}. Remove it, or use {nameof(OnFailure.Retry)}.", nameof(delay));
        }

        if (delay < TimeSpan.FromMilliseconds(1) || delay > HandlerVerdict.LongestDelay)
        {
            throw new ArgumentOutOfRangeException(nameof(delay), delay, $"OnException<{typeof(TException).Name}> has a delay out of range. Use 1 ms to 365 days.");
        }

        if (when is null && Services.Any(service => service.ServiceType == typeof(ExceptionRule) && service.ImplementationInstance is ExceptionRule { When: null } rule && rule.Type == typeof(TException)))
        {
            throw new ArgumentException($"OnException<{typeof(TException).Name}> was called twice without a condition. Keep one of the calls, or say when each applies.", nameof(when));
        }

        Services.AddSingleton(new ExceptionRule(typeof(TException), then, delay, when is null ? null : exception => when((TException)exception)));
        return this;
    }

    /// <summary>
    /// Handles old messages as the ones that followed them: a queue that handles <typeparamref name="TNew"/> takes
    /// <typeparamref name="TOld"/>, too. Several make a chain, from the first form of a message to the newest.
    /// </summary>
    /// <typeparam name="TOld">The old message, marked with <see cref="MessageAttribute"/>, and handled by no such queue itself.</typeparam>
    /// <typeparam name="TNew">The message that followed.</typeparam>
    /// <typeparam name="TUpcaster">It is one instance, made by the application's services.</typeparam>
    public ReliableMqBuilder AddUpcaster<TOld, TNew, [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TUpcaster>()
        where TOld : notnull
        where TNew : notnull
        where TUpcaster : class, IMessageUpcaster<TOld, TNew>
    {
        Services.TryAddSingleton<TUpcaster>();
        Services.AddSingleton(new UpcasterRegistration(typeof(TOld), typeof(TNew), typeof(TUpcaster),
            static (services, message) => services.GetRequiredService<TUpcaster>().Upcast((TOld)message)));
        return this;
    }

    /// <summary>
    /// Adds a sink that is told of alerts, besides the log, which always is. It is one instance, made by the
    /// application's services.
    /// </summary>
    /// <typeparam name="TSink">The sink.</typeparam>
    public ReliableMqBuilder AddAlertSink<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TSink>() where TSink : class, IAlertSink
    {
        Services.AddSingleton<IAlertSink, TSink>();
        return this;
    }

    /// <summary>
    /// Runs the library's scheduled work on the application's own Quartz scheduler instead of a private one, such
    /// as a cluster that shares a persistent store, where each work is then run by one process at a time. It is
    /// neither started nor shut down by the library. Its jobs are in the group <c>ReliableMq</c> and the service's name.
    /// </summary>
    /// <param name="scheduler">Finds it, when the application starts.</param>
    public ReliableMqBuilder UseScheduler(Func<IServiceProvider, CancellationToken, ValueTask<IScheduler>> scheduler)
    {
        ArgumentNullException.ThrowIfNull(scheduler);
        Services.AddSingleton(new SchedulerChoice(scheduler));
        return this;
    }

    /// <summary>Runs the library's scheduled work on the application's own Quartz scheduler instead of a private one.</summary>
    /// <param name="scheduler">It is neither started nor shut down by the library.</param>
    public ReliableMqBuilder UseScheduler(IScheduler scheduler)
    {
        ArgumentNullException.ThrowIfNull(scheduler);
        return UseScheduler((_, _) => ValueTask.FromResult(scheduler));
    }
}

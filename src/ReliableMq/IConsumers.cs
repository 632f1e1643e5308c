namespace ReliableMq;

/// <summary>The consumers of this service: to look at, to pause, to change while they run.</summary>
/// <remarks>
/// A change is stored in the inbox database of the queue, so that every process of the service follows it within
/// about five seconds, and this one at once; the process that asks need not consume the queue. Where the handlers
/// of a queue have no database (<see cref="NoInbox"/>), a change is one of this process only and lasts as long as it;
/// it is logged, and no audit tells who asked.
/// </remarks>
public interface IConsumers
{
    /// <summary>The consumers of this process, one for each queue with handlers.</summary>
    IReadOnlyList<ConsumerInfo> List();

    /// <summary>
    /// Takes no more messages of a queue. Handlers that run end; messages that wait for one go back to the queue,
    /// without an attempt being counted. Dead letters of the queue are still stored.
    /// </summary>
    /// <param name="queue">The queue.</param>
    /// <param name="who">Who asks for it, for the audit.</param>
    /// <param name="lasting">Whether processes that start later pause, too. False: only those that run now.</param>
    /// <param name="cancellationToken">Ends the asking.</param>
    /// <exception cref="ReliableMqException">No process of this service has consumed such a queue.</exception>
    Task PauseAsync(string queue, string who, bool lasting, CancellationToken cancellationToken = default);

    /// <summary>Goes on with a paused queue, however it was paused: processes that start later consume, too.</summary>
    /// <param name="queue">The queue.</param>
    /// <param name="who">Who asks for it, for the audit.</param>
    /// <param name="cancellationToken">Ends the asking.</param>
    /// <exception cref="ReliableMqException">No process of this service has consumed such a queue.</exception>
    Task ResumeAsync(string queue, string who, CancellationToken cancellationToken = default);

    /// <summary>Changes how much is handled at once and how much is fetched ahead. Handlers that run are not disturbed.</summary>
    /// <param name="queue">The queue.</param>
    /// <param name="who">Who asks for it, for the audit.</param>
    /// <param name="concurrency">
    /// As <see cref="MessageHandlerAttribute.Concurrency"/>, for each process. Null: as it is. Refused where the
    /// queue is handled <see cref="QueueOrder.OneAtATime"/>.
    /// </param>
    /// <param name="prefetch">As <see cref="MessageHandlerAttribute.Prefetch"/>. Null: as it is.</param>
    /// <param name="lasting">Whether processes that start later go by it, too.</param>
    /// <param name="cancellationToken">Ends the asking.</param>
    /// <exception cref="ReliableMqException">A value is out of range, or no process of this service has consumed such a queue.</exception>
    Task ChangeAsync(string queue, string who, int? concurrency, int? prefetch, bool lasting, CancellationToken cancellationToken = default);

    /// <summary>Goes back to the configured concurrency and prefetch, also for processes that start later. A pause stays.</summary>
    /// <param name="queue">The queue.</param>
    /// <param name="who">Who asks for it, for the audit.</param>
    /// <param name="cancellationToken">Ends the asking.</param>
    /// <exception cref="ReliableMqException">No process of this service has consumed such a queue.</exception>
    Task ResetAsync(string queue, string who, CancellationToken cancellationToken = default);
}

/// <summary>One queue as this process consumes it.</summary>
public sealed record ConsumerInfo
{
    /// <summary>The queue.</summary>
    public required string Queue { get; init; }

    /// <summary>Whether the broker hands its messages to this process.</summary>
    public required bool IsConsuming { get; init; }

    /// <summary>What it does, or why it does not consume, for people.</summary>
    public required string Description { get; init; }

    /// <summary>Since when it is paused by <see cref="IConsumers.PauseAsync"/>; null while it is not.</summary>
    public DateTimeOffset? PausedSince { get; init; }

    /// <summary>The concurrency in force.</summary>
    public required int Concurrency { get; init; }

    /// <summary>The concurrency that is configured.</summary>
    public required int ConfiguredConcurrency { get; init; }

    /// <summary>The prefetch in force.</summary>
    public required int Prefetch { get; init; }

    /// <summary>The prefetch that is configured.</summary>
    public required int ConfiguredPrefetch { get; init; }

    /// <summary>How many messages are being handled this moment.</summary>
    public required int Handling { get; init; }

    /// <summary>The machine of this process.</summary>
    public required string Host { get; init; }

    /// <summary>This process, as the operating system counts it.</summary>
    public required int ProcessId { get; init; }
}

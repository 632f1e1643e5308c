using System.Collections.Concurrent;
using RabbitMQ.Client;

namespace ReliableMq.Broker.Topology;

/// <summary>
/// Declares what publishers and consumers are about to use, where <see cref="TopologyMode.Create"/> says so. It
/// never deletes or replaces: what exists with other properties is used as it is, and the check tells of it.
/// </summary>
internal sealed class TopologyDeclarer(ReliableMqOptions options)
{
    private readonly SemaphoreSlim _turn = new(1);
    private readonly ConcurrentDictionary<string, bool> _published = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, (TopologyAnswer Answer, string Text)> _declaredQueues = new(StringComparer.Ordinal);

    /// <summary>The exchanges that were published to. A sender does not know them before.</summary>
    public IEnumerable<string> PublishedExchanges => _published.Keys.Order(StringComparer.Ordinal);

    /// <summary>Told when there is something new to check.</summary>
    public event Action? Noticed;

    /// <summary>Has this process's consumer of a queue begin again, which declares the queue. False where none consumes it.</summary>
    public Func<string, string, bool> BeginAgain { get; set; } = (_, _) => false;

    /// <summary>Whether a consumer of this process consumes a queue.</summary>
    public Func<string, bool> Consumes { get; set; } = _ => false;

    /// <summary>
    /// What the broker said when the consumer of a queue declared it, which holds for as long as it consumes: to have
    /// other properties a queue has to be deleted, and its consumer is told. Null while nobody consumes it.
    /// </summary>
    public (TopologyAnswer Answer, string Text)? AnswerToConsumerOf(string queue) =>
        Consumes(queue) && _declaredQueues.TryGetValue(queue, out var answer) ? answer : null;

    public async Task DeclareExchangeAsync(IConnection connection, string exchange, CancellationToken cancellationToken)
    {
        // The default exchange always exists and may not be declared.
        if (exchange.Length == 0 || options.Topology.Mode == TopologyMode.None)
        {
            return;
        }

        if (_published.TryAdd(exchange, true))
        {
            Noticed?.Invoke();
        }

        if (options.Topology.Mode == TopologyMode.Create)
        {
            await DeclareAsync(connection, TopologyRules.Exchange(exchange), TopologyProbe.DeclareExchange(exchange, cancellationToken), cancellationToken);
        }
        else if (await IsMissingAsync(connection, exchange, cancellationToken))
        {
            // A publish to it would close the channel under all other messages.
            throw new ReliableMqException($"The exchange \"{exchange}\" does not exist. Declare it, or set \"ReliableMq:Topology:Mode\" to Create.");
        }
    }

    public async Task DeclareAsync(IConnection connection, QueueTopology topology, CancellationToken cancellationToken)
    {
        // The dead-letter queue comes first: from the first delivery on there is a place for what fails. Where it has a
        // consumer, that has seen to it.
        if (!Consumes(topology.DeadLetterQueue))
        {
            await DeclareDeadLetterQueueAsync(connection, topology, cancellationToken);
        }

        await DeclareQueueAsync(connection, topology.Queue, topology.Arguments, cancellationToken);
        if (options.Topology.Mode != TopologyMode.Create)
        {
            return;
        }

        foreach (var exchange in topology.Exchanges)
        {
            await DeclareAsync(connection, TopologyRules.Exchange(exchange), TopologyProbe.DeclareExchange(exchange, cancellationToken), cancellationToken);
        }

        foreach (var binding in topology.Bindings)
        {
            await DeclareAsync(connection, TopologyRules.BindingOf(topology.Queue, binding), TopologyProbe.Bind(topology.Queue, binding, cancellationToken), cancellationToken);
        }

        // Foreign ones last: what can be had without them waits in the queue already.
        foreach (var exchange in topology.ForeignExchanges)
        {
            if (await IsMissingAsync(connection, exchange, cancellationToken))
            {
                throw new ReliableMqException(TopologyRules.MissingForeignExchange(topology.Queue, exchange).ToString());
            }
        }

        foreach (var binding in topology.ForeignBindings)
        {
            await DeclareAsync(connection, TopologyRules.BindingOf(topology.Queue, binding), TopologyProbe.Bind(topology.Queue, binding, cancellationToken), cancellationToken);
        }
    }

    /// <summary>All that the consumer of dead letters needs; it does not wait for anybody's exchange.</summary>
    public Task DeclareDeadLetterQueueAsync(IConnection connection, QueueTopology topology, CancellationToken cancellationToken) =>
        DeclareQueueAsync(connection, topology.DeadLetterQueue, QueueTopology.DeadLetterArguments, cancellationToken);

    /// <summary>
    /// One after the other: the broker says of a quorum queue that it exists before it can be consumed, and closes the connection of
    /// whoever consumes it then (seen on 3.10.8).
    /// </summary>
    private async Task DeclareQueueAsync(IConnection connection, string queue, Dictionary<string, object?> arguments, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            await DeclareInTurnAsync(connection, queue, arguments, cancellationToken);
        }
        finally
        {
            _turn.Release();
        }
    }

    private async Task DeclareInTurnAsync(IConnection connection, string queue, Dictionary<string, object?> arguments, CancellationToken cancellationToken)
    {
        if (options.Topology.Mode == TopologyMode.Create)
        {
            _declaredQueues[queue] = await DeclareAsync(connection, TopologyRules.Queue(queue), TopologyProbe.DeclareQueue(queue, arguments, cancellationToken), cancellationToken);
        }
        else if (options.Topology.Mode == TopologyMode.Verify && options.Broker.ManagementUrl is null
            && (await TopologyProbe.AskAsync(connection, TopologyProbe.QueueExists(queue, cancellationToken), cancellationToken)).Answer == TopologyAnswer.AsNeeded)
        {
            // To declare what exists changes nothing, and tells whether it is equal. With the plugin that is known without.
            _declaredQueues[queue] = await TopologyProbe.AskAsync(connection, TopologyProbe.DeclareQueue(queue, arguments, cancellationToken), cancellationToken);
        }
    }

    private static async Task<bool> IsMissingAsync(IConnection connection, string exchange, CancellationToken cancellationToken) =>
        (await TopologyProbe.AskAsync(connection, TopologyProbe.ExchangeExists(exchange, cancellationToken), cancellationToken)).Answer == TopologyAnswer.Missing;

    private async Task<(TopologyAnswer Answer, string Text)> DeclareAsync(IConnection connection, string what, Func<IChannel, Task> declare, CancellationToken cancellationToken)
    {
        var (answer, text) = await TopologyProbe.AskAsync(connection, declare, cancellationToken);
        if (answer == TopologyAnswer.Different)
        {
            Noticed?.Invoke();
        }
        else if (answer != TopologyAnswer.AsNeeded)
        {
            throw new ReliableMqException($"The {what} cannot be declared: {text}");
        }

        return (answer, text);
    }
}

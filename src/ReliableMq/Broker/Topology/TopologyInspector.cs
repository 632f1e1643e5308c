using RabbitMQ.Client;

namespace ReliableMq.Broker.Topology;

/// <summary>
/// Compares what the broker has with what is needed. With <see cref="TopologyMode.Create"/> it declares what is
/// missing on the way. With <see cref="TopologyMode.Verify"/> it declares only what it has just found to exist,
/// which changes nothing and tells whether the properties are equal; where somebody deletes it in between, that
/// declares it after all.
/// </summary>
internal sealed class TopologyInspector(TopologyMode mode, ManagementClient? management, TopologyDeclarer declarer)
{
    private const string Unasked = "Bindings and policies were not checked: AMQP has no question for them. Set \"ReliableMq:Broker:ManagementUrl\".";

    /// <summary>What an earlier look has left in place: only of that it can be said that somebody deleted it.</summary>
    private readonly HashSet<string> _inPlace = [];

    /// <summary>Queues in which an earlier look has found no consumer, though this process consumes them.</summary>
    private readonly HashSet<string> _unconsumed = [];

    public async Task<TopologyReport> InspectAsync(IConnection connection, IReadOnlyList<QueueTopology> queues, IEnumerable<string> publishedExchanges, CancellationToken cancellationToken)
    {
        var notes = new List<string>();
        var asked = await CanAskManagementAsync(queues, notes, cancellationToken);
        var look = new Look(connection, asked, [], notes, cancellationToken);
        foreach (var exchange in queues.SelectMany(queue => queue.Exchanges).Union(publishedExchanges))
        {
            await LookAtExchangeAsync(look, exchange);
        }

        foreach (var topology in queues)
        {
            await LookAtQueueAsync(look, topology.DeadLetterQueue, QueueTopology.DeadLetterArguments, facts => TopologyRules.OfDeadLetterPolicy(topology, facts));
            if (topology.DelayedRetry is not null && BrokerVersion.Of(connection) is { DelaysReturns: false } version)
            {
                notes.Add(TopologyRules.DelayedRetryNotInForce(topology.Queue, version));
            }

            if (await LookAtQueueAsync(look, topology.Queue, topology.Arguments, facts => TopologyRules.OfPolicy(topology, facts)))
            {
                await LookAtBindingsAsync(look, topology);
            }
        }

        return new TopologyReport(look.Differences, [.. notes.Distinct()]);
    }

    /// <summary>One look around: what it goes by and what it has seen.</summary>
    private sealed record Look(IConnection Connection, ManagementClient? Management, List<TopologyDifference> Differences, List<string> Notes, CancellationToken Token)
    {
        /// <summary>Whether it is not the topic exchange that is needed: others may do more with a new binding than to route by it.</summary>
        public bool Differs(string exchange) => Differences.Exists(difference => difference.What.StartsWith($"{TopologyRules.Exchange(exchange)},", StringComparison.Ordinal));

        public Task<(TopologyAnswer Answer, string Text)> AskAsync(Func<IChannel, Task> ask) => TopologyProbe.AskAsync(Connection, ask, Token);
    }

    private async Task<ManagementClient?> CanAskManagementAsync(IReadOnlyList<QueueTopology> queues, List<string> notes, CancellationToken cancellationToken)
    {
        if (queues.Count == 0)
        {
            return management;
        }

        if (management is null)
        {
            if (mode == TopologyMode.Verify)
            {
                notes.Add(Unasked);
            }

            return null;
        }

        try
        {
            await management.QueueAsync(queues[0].Queue, cancellationToken);
            return management;
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            notes.Add($"Bindings and policies were not checked: the management plugin could not be asked: {exception.Message}");
            return null;
        }
    }

    private async Task LookAtExchangeAsync(Look look, string exchange)
    {
        var facts = look.Management is { } plugin ? TopologyRules.OfExchange(exchange, await plugin.ExchangeAsync(exchange, look.Token)).ToList() : null;
        if (mode == TopologyMode.Verify && facts is not null)
        {
            look.Differences.AddRange(facts);
            return;
        }

        await LookAtAsync(look, TopologyRules.MissingExchange(exchange),
            TopologyProbe.ExchangeExists(exchange, look.Token), TopologyProbe.DeclareExchange(exchange, look.Token), TopologyRules.ReplaceExchange, facts);
    }

    /// <returns>Whether it is there; else its consumer declares it, and its bindings.</returns>
    private async Task<bool> LookAtQueueAsync(Look look, string queue, Dictionary<string, object?> arguments, Func<QueueFacts, IEnumerable<TopologyDifference>> policyRules)
    {
        var facts = look.Management is { } plugin ? await plugin.QueueAsync(queue, look.Token) : null;
        var isLeft = false;
        var differences = look.Management is null ? null : TopologyRules.OfQueue(queue, arguments, facts).ToList();
        if (mode == TopologyMode.Verify && differences is not null)
        {
            look.Differences.AddRange(differences);
            await LookAtConsumersAsync(look.Connection, queue, look.Token);
        }
        else
        {
            uint? consumers = null;
            await LookAtAsync(look, TopologyRules.MissingQueue(queue),
                async channel => consumers = (await channel.QueueDeclarePassiveAsync(queue, look.Token)).ConsumerCount,
                TopologyProbe.DeclareQueue(queue, arguments, look.Token), TopologyRules.KeepOrReplace, differences,
                () => isLeft = declarer.BeginAgain(queue, "its queue is gone"), () => declarer.AnswerToConsumerOf(queue));
            LookAtConsumers(queue, consumers);
        }

        if (facts is not null)
        {
            look.Differences.AddRange(policyRules(facts));
        }

        return !isLeft;
    }

    /// <summary>All that is looked at where nobody wants to know of the topology.</summary>
    public async Task LookAtConsumersAsync(IConnection connection, IReadOnlyList<QueueTopology> queues, CancellationToken cancellationToken)
    {
        foreach (var queue in queues)
        {
            await LookAtConsumersAsync(connection, queue.DeadLetterQueue, cancellationToken);
            await LookAtConsumersAsync(connection, queue.Queue, cancellationToken);
        }
    }

    private async Task LookAtConsumersAsync(IConnection connection, string queue, CancellationToken cancellationToken)
    {
        if (declarer.Consumes(queue))
        {
            uint? consumers = null;
            await TopologyProbe.AskAsync(connection, async channel => consumers = (await channel.QueueDeclarePassiveAsync(queue, cancellationToken)).ConsumerCount, cancellationToken);
            LookAtConsumers(queue, consumers);
        }
    }

    /// <summary>
    /// A broker may have lost a consumer without a word. A queue without a leader has none either, so two looks have to
    /// say so.
    /// </summary>
    /// <param name="queue">The queue.</param>
    /// <param name="consumers">How many the broker has told of; null where it has none of that name, and so begins anew.</param>
    private void LookAtConsumers(string queue, uint? consumers)
    {
        if (consumers is null or > 0)
        {
            _unconsumed.Remove(queue);
        }
        else if (!_unconsumed.Add(queue))
        {
            _unconsumed.Remove(queue);
            declarer.BeginAgain(queue, "the broker does not know of it");
        }
    }

    /// <param name="look">Takes what is found.</param>
    /// <param name="missing">What to say where it does not exist.</param>
    /// <param name="exists">Asks without changing anything.</param>
    /// <param name="declare">Creates it, or tells what differs.</param>
    /// <param name="remedy">What to do about a difference.</param>
    /// <param name="facts">The management plugin's own answer, which names every difference; null where it was not asked.</param>
    /// <param name="leaveIt">Where it is missing: whether somebody else declares it at once; null for nobody.</param>
    /// <param name="known">What the broker said to its declaration already, which is not repeated then.</param>
    private async Task LookAtAsync(
        Look look, TopologyDifference missing, Func<IChannel, Task> exists, Func<IChannel, Task> declare, string remedy, List<TopologyDifference>? facts,
        Func<bool>? leaveIt = null, Func<(TopologyAnswer Answer, string Text)?>? known = null)
    {
        var wasMissing = (await look.AskAsync(exists)).Answer == TopologyAnswer.Missing;
        if (wasMissing && mode == TopologyMode.Verify)
        {
            look.Differences.Add(missing);
            return;
        }

        // RabbitMQ before 4.0 may take a queue that is declared while it is being deleted for the same, and then tells its
        // consumer nothing and hands it nothing. So whoever consumes it declares it, before it consumes.
        var (answer, text) = wasMissing
            ? leaveIt?.Invoke() == true ? (TopologyAnswer.AsNeeded, "") : await look.AskAsync(declare)
            : known?.Invoke() ?? await look.AskAsync(declare);
        switch (answer)
        {
            case TopologyAnswer.AsNeeded:
                if (wasMissing && _inPlace.Contains(missing.What))
                {
                    look.Differences.Add(TopologyRules.Mended(missing));
                }

                _inPlace.Add(missing.What);
                break;
            case TopologyAnswer.Forbidden when !wasMissing && facts is null:
                look.Notes.Add($"The properties of the {missing.What} were not checked: {text}.");
                break;
            case TopologyAnswer.Forbidden when wasMissing:
                look.Differences.Add(missing with { Remedy = $"It cannot be declared: {text}." });
                break;
            case TopologyAnswer.Different when facts is not { Count: > 0 }:
                look.Differences.Add(Inequivalence.Read(missing.What, text, remedy));
                break;
            default:
                look.Differences.AddRange(facts ?? []);
                break;
        }
    }

    /// <summary>Of what belongs to somebody else only its absence matters. It is never declared here.</summary>
    private static async Task<HashSet<string>> MissingForeignExchangesAsync(Look look, QueueTopology topology)
    {
        var missing = new HashSet<string>(StringComparer.Ordinal);
        foreach (var exchange in topology.ForeignExchanges)
        {
            if ((await look.AskAsync(TopologyProbe.ExchangeExists(exchange, look.Token))).Answer == TopologyAnswer.Missing)
            {
                missing.Add(exchange);
                look.Differences.Add(TopologyRules.MissingForeignExchange(topology.Queue, exchange));
            }
        }

        return missing;
    }

    private async Task LookAtBindingsAsync(Look look, QueueTopology topology)
    {
        var unbindable = await MissingForeignExchangesAsync(look, topology);
        var rewrite = BrokerVersion.Of(look.Connection).MayKeepDeadBindings;
        var present = look.Management is { } plugin ? await plugin.BindingsAsync(topology.Queue, look.Token) : null;
        foreach (var binding in topology.AllBindings.Where(binding => !unbindable.Contains(binding.Exchange)))
        {
            var missing = TopologyRules.MissingBinding(topology.Queue, binding);
            var isMissing = present?.Contains(binding) == false;
            var what = $"{missing.What} with {missing.Expected}";
            if (mode == TopologyMode.Create)
            {
                var (answer, text) = await look.AskAsync(TopologyProbe.Bind(topology.Queue, binding, look.Token));
                if (answer == TopologyAnswer.AsNeeded && rewrite && topology.Bindings.Contains(binding) && !look.Differs(binding.Exchange))
                {
                    (answer, text) = await look.AskAsync(TopologyProbe.Rewrite(topology.Queue, binding, look.Token));
                }

                if (answer != TopologyAnswer.AsNeeded)
                {
                    look.Differences.Add(missing with { Found = "none that could be made", Remedy = $"The broker refuses it: {text}." });
                }
                else if (isMissing && _inPlace.Contains(what))
                {
                    look.Differences.Add(TopologyRules.Mended(missing));
                }

                _inPlace.Add(what);
            }
            else if (isMissing)
            {
                look.Differences.Add(missing);
            }
        }
    }
}

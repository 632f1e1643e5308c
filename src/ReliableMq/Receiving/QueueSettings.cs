using ReliableMq.Broker.Topology;
using ReliableMq.Failing;

namespace ReliableMq.Receiving;

/// <summary>The settings in force for one queue: configuration first, then the attributes, then defaults.</summary>
internal sealed record QueueSettings(string Queue, RetryPolicy Retry, int Concurrency, int Prefetch, TimeSpan Timeout)
{
    public QueueOrder Order { get; init; }

    public bool DeriveMessageIds { get; init; }

    /// <summary>How often an attempt is repeated at once where a rule says so.</summary>
    public int ImmediateRetries { get; init; } = DefaultImmediateRetries;

    /// <summary>The broker's own delays of what is returned; null where deliveries are held.</summary>
    public DelayedRetry? DelayedRetry { get; init; }

    /// <summary>How many messages a batch handler gets at most.</summary>
    public int BatchSize { get; init; } = 1;

    public TimeSpan Linger { get; init; }

    /// <summary>How many deliveries are worked on at once.</summary>
    public int Slots => Concurrency * BatchSize;

    /// <summary>All bindings of the queue by the configuration; null where the handlers say them.</summary>
    public IReadOnlyList<Binding>? Bindings { get; init; }

    /// <summary>The inbox that the handlers name; null means the only one.</summary>
    public Type? Inbox { get; init; }

    public const string DefaultRetry = "1s, 10s, 1m, 10m";
    public const int DefaultImmediateRetries = 3;
    public const string DefaultDeferUnknown = "15m";
    public const int DefaultConcurrency = 8;
    public const int DefaultPrefetch = 200;
    public const string DefaultTimeout = "5m";
    public const int DefaultBatchSize = 100;
    public const string DefaultLinger = "50ms";
    public const int MaxImmediateRetries = 10;
    public static readonly TimeSpan MaxLinger = TimeSpan.FromMinutes(1);

    /// <summary>After this time the broker takes an unsettled delivery away.</summary>
    public TimeSpan ConsumerTimeout { get; init; } = BrokerOptions.DefaultConsumerTimeout;

    /// <summary>
    /// A delivery starts within this time of its receipt or goes back; another third is the longest
    /// <see cref="Timeout"/>, the last is for holding and settling.
    /// </summary>
    public TimeSpan MaxWait => ConsumerTimeout / 3;

    /// <summary>
    /// Whether an attempt that starts now has its whole <see cref="Timeout"/> before the last third begins. Who starts
    /// within <see cref="MaxWait"/> has; whatever was tried before on the same delivery, one that has not goes back.
    /// </summary>
    public bool MayStart(TimeSpan sinceReceipt) => sinceReceipt + Timeout <= 2 * MaxWait;

    public static QueueSettings Resolve(string queue, IReadOnlyCollection<HandlerDefinition> handlers, QueueOptions? configured, TimeSpan consumerTimeout, ICollection<string> errors)
    {
        var retry = configured?.Retry ?? Agreed(queue, handlers, nameof(HandlerDefinition.Retry), handler => handler.Retry, errors) ?? DefaultRetry;
        var retryFor = configured?.RetryFor ?? Agreed(queue, handlers, nameof(HandlerDefinition.RetryFor), handler => handler.RetryFor, errors);
        var immediateRetries = configured?.ImmediateRetries
            ?? Agreed(queue, handlers, nameof(HandlerDefinition.ImmediateRetries), handler => handler.ImmediateRetries == -1 ? null : (int?)handler.ImmediateRetries, errors)
            ?? DefaultImmediateRetries;
        var delayedRetry = configured?.DelayedRetry ?? Agreed(queue, handlers, nameof(HandlerDefinition.DelayedRetry), handler => handler.DelayedRetry, errors);
        var timeout = configured?.Timeout ?? Agreed(queue, handlers, nameof(HandlerDefinition.Timeout), handler => handler.Timeout, errors) ?? DefaultTimeout;
        var order = configured?.Order
            ?? Agreed(queue, handlers, nameof(HandlerDefinition.Order), handler => handler.Order == QueueOrder.None ? null : (QueueOrder?)handler.Order, errors)
            ?? QueueOrder.None;
        var concurrency = configured?.Concurrency
            ?? Agreed(queue, handlers, nameof(HandlerDefinition.Concurrency), handler => handler.Concurrency == 0 ? null : (int?)handler.Concurrency, errors)
            ?? (order == QueueOrder.OneAtATime ? 1 : DefaultConcurrency);
        var inbox = Agreed(queue, handlers, nameof(HandlerDefinition.Inbox), handler => handler.Inbox, errors);
        var batchSize = handlers.All(handler => handler.InvokeBatch is null) ? 1
            : configured?.BatchSize
            ?? Agreed(queue, handlers, nameof(HandlerDefinition.BatchSize), handler => handler.BatchSize == 0 ? null : (int?)handler.BatchSize, errors)
            ?? DefaultBatchSize;
        var linger = configured?.Linger ?? Agreed(queue, handlers, nameof(HandlerDefinition.Linger), handler => handler.Linger, errors) ?? DefaultLinger;
        var prefetch = configured?.Prefetch
            ?? Agreed(queue, handlers, nameof(HandlerDefinition.Prefetch), handler => handler.Prefetch == 0 ? null : (int?)handler.Prefetch, errors)
            ?? Math.Max(DefaultPrefetch, Math.Min(2000, concurrency * batchSize * 2));

        var where = $"of the queue \"{queue}\" (\"ReliableMq:Queues:{queue}\" or [MessageHandler])";
        if (!RetryPolicy.TryParse(retry, out var policy))
        {
            errors.Add($"Retry {where} is \"{retry}\", which is not a list of durations. Write at most {RetryPolicy.MaxDelays}, separated by commas, each a number and ms, s, m or h, like \"{DefaultRetry}\"; or doubling ones, the first, the longest and how many, like \"1s..10m x12\"; an empty text means a single attempt.");
        }

        policy = policy with { For = TotalTime(retryFor, where, errors), DeferUnknown = Deferral(queue, configured?.DeferUnknown ?? DefaultDeferUnknown, errors) };
        if (immediateRetries is < 0 or > MaxImmediateRetries)
        {
            errors.Add($"ImmediateRetries {where} is {immediateRetries}. Use 0 to {MaxImmediateRetries}.");
        }

        DelayedRetry? brokerDelays = null;
        if (delayedRetry is not null && !DelayedRetry.TryParse(delayedRetry, out brokerDelays))
        {
            errors.Add($"DelayedRetry {where} is \"{delayedRetry}\", which is not a shortest and a longest delay from 100ms to 30s. Write it like \"1s..10s\", or leave it out.");
        }

        var longest = consumerTimeout / 3;
        if (!Duration.TryParse(timeout, out var limit) || limit > longest)
        {
            errors.Add($"Timeout {where} is \"{timeout}\", which is not a duration of at most {Duration.Text(longest)}, a third of \"ReliableMq:Broker:ConsumerTimeout\". Write a number and ms, s or m, like \"30s\".");
        }

        if (concurrency is < 1 or > SettingsInForce.MaxConcurrency)
        {
            errors.Add($"Concurrency {where} is {concurrency}. Use 1 to 1000.");
        }

        if (prefetch is < 1 or > SettingsInForce.MaxPrefetch)
        {
            errors.Add($"Prefetch {where} is {prefetch}. Use 1 to 2000, the most that a quorum queue allows.");
        }

        if (batchSize is < 1 or > 1000)
        {
            errors.Add($"BatchSize {where} is {batchSize}. Use 1 to 1000.");
        }

        if (batchSize > 1 && batchSize > prefetch)
        {
            errors.Add($"BatchSize {where} is {batchSize}, more than its Prefetch of {prefetch}, so that no batch would ever be full. Lower it, or raise Prefetch.");
        }

        if (!Duration.TryParse(linger, out var lingerTime) || lingerTime > MaxLinger)
        {
            errors.Add($"Linger {where} is \"{linger}\", which is not a duration of at most 1m. Write a number and ms, s or m, like \"{DefaultLinger}\".");
        }

        if (order != QueueOrder.None && handlers.Any(handler => handler.InvokeBatch is not null))
        {
            errors.Add($"Order {where} is {order}, but its handlers take batches, which have no order. Leave out one of them.");
        }

        if (order == QueueOrder.OneAtATime && concurrency > 1)
        {
            errors.Add($"Concurrency {where} is {concurrency}, but its Order is {order}. Leave out one of them, or use {nameof(QueueOrder.ByKey)}.");
        }

        if (handlers.All(handler => handler.InvokeBatch is null) && (configured?.BatchSize is not null || configured?.Linger is not null))
        {
            errors.Add($"\"ReliableMq:Queues:{queue}\" has a BatchSize or Linger, but its handlers take single messages. Remove it, or handle an IReadOnlyList<T>.");
        }

        if (inbox == typeof(NoInbox) && order != QueueOrder.None)
        {
            errors.Add($"Order {where} is {order}, but its handlers have no inbox, and without a database the messages behind a failing one have no place to wait. Leave out one of them.");
        }

        if (!Enum.IsDefined(order))
        {
            errors.Add($"Order {where} is {order}. Use {string.Join(", ", Enum.GetNames<QueueOrder>())}.");
        }

        if (delayedRetry is not null && order != QueueOrder.None)
        {
            errors.Add($"DelayedRetry {where} is \"{delayedRetry}\", but its Order is {order}, and what the broker delays is overtaken. Leave out one of them.");
        }

        CheckBatches(queue, handlers, errors);
        CheckRules(queue, handlers, errors);
        return new QueueSettings(queue, policy, concurrency, prefetch, limit)
        {
            ImmediateRetries = immediateRetries,
            DelayedRetry = brokerDelays,
            ConsumerTimeout = consumerTimeout,
            Order = order,
            Inbox = inbox,
            Bindings = BindingsOf(queue, handlers, configured, errors),
            BatchSize = batchSize,
            Linger = lingerTime,
            DeriveMessageIds = configured?.DeriveMessageIds ?? handlers.Any(handler => handler.DeriveMessageIds),
        };
    }

    private static TimeSpan? TotalTime(string? text, string where, ICollection<string> errors)
    {
        if (text is null)
        {
            return null;
        }

        if (!Duration.TryParse(text, out var limit))
        {
            errors.Add($"RetryFor {where} is \"{text}\", which is not a duration. Write a number and ms, s, m or h, like \"24h\", or leave it out for no limit.");
        }

        return limit;
    }

    private static TimeSpan Deferral(string queue, string text, ICollection<string> errors)
    {
        if (!Duration.TryParse(text, out var limit) && text.Length > 0)
        {
            errors.Add($"\"ReliableMq:Queues:{queue}:DeferUnknown\" is \"{text}\", which is not a duration. Write a number and ms, s, m or h, like \"{DefaultDeferUnknown}\"; an empty text means not at all.");
        }

        return limit;
    }

    /// <summary>The build refuses these as well, for handlers that it finds.</summary>
    private static void CheckRules(string queue, IEnumerable<HandlerDefinition> handlers, ICollection<string> errors)
    {
        foreach (var (handler, rule) in handlers.SelectMany(handler => handler.OnException.Concat(handler.OnExceptionOfClass).Select(rule => (handler, rule))))
        {
            var fault = !typeof(Exception).IsAssignableFrom(rule.Exception) ? "is about a type that is no exception. Name one"
                : !Enum.IsDefined(rule.Then) ? $"has the outcome {rule.Then}. Use {string.Join(", ", Enum.GetNames<OnFailure>())}"
                : rule.Delay is null ? null
                : rule.Then != OnFailure.Retry ? $"has a Delay, but its outcome is {rule.Then}. Remove it, or use {nameof(OnFailure.Retry)}"
                : !Duration.TryParse(rule.Delay, out _) ? $"has the Delay \"{rule.Delay}\", which is not a duration. Write a number and ms, s, m or h, like \"5m\""
                : null;
            if (fault is not null)
            {
                errors.Add($"[OnException(typeof({rule.Exception.Name}))] of the handler \"{handler.HandlerName}\" of the queue \"{queue}\" {fault}.");
            }
        }
    }

    private static void CheckBatches(string queue, IReadOnlyCollection<HandlerDefinition> handlers, ICollection<string> errors)
    {
        var batch = handlers.FirstOrDefault(handler => handler.InvokeBatch is not null);
        if (batch is not null && handlers.FirstOrDefault(handler => handler.InvokeBatch is null) is { } single)
        {
            errors.Add($"The handler \"{batch.HandlerName}\" of the queue \"{queue}\" takes batches, but \"{single.HandlerName}\" takes single messages. Give each its own queue.");
        }

        foreach (var handler in handlers.Where(handler => handler.InvokeBatch is null && (handler.BatchSize != 0 || handler.Linger is not null)))
        {
            errors.Add($"The handler \"{handler.HandlerName}\" of the queue \"{queue}\" gives a BatchSize or Linger, but it takes single messages. Remove it, or handle an IReadOnlyList<T>.");
        }
    }

    private static List<Binding>? BindingsOf(string queue, IReadOnlyCollection<HandlerDefinition> handlers, QueueOptions? configured, ICollection<string> errors)
    {
        foreach (var handler in handlers)
        {
            foreach (var said in handler.Bindings.Select(Binding.Of).Where(binding => binding.Fault is not null))
            {
                errors.Add($"The binding \"{said}\" of the handler \"{handler.HandlerName}\" {said.Fault}.");
            }
        }

        var bindings = new List<Binding>();
        foreach (var entry in configured?.Bindings?.Distinct() ?? [])
        {
            var binding = Binding.Parse(entry);
            if (binding is { Fault: null })
            {
                bindings.Add(binding);
            }
            else
            {
                errors.Add($"\"ReliableMq:Queues:{queue}:Bindings\" has \"{entry}\", which {binding?.Fault ?? "is no binding. Write an exchange and a pattern, like \"legacy: invoice.#\""}.");
            }
        }

        return configured?.Bindings is null ? null : bindings;
    }

    private static T? Agreed<T>(string queue, IEnumerable<HandlerDefinition> handlers, string setting, Func<HandlerDefinition, T?> value, ICollection<string> errors)
    {
        var said = handlers.Select(handler => (handler.HandlerName, Value: value(handler))).Where(said => said.Value is not null).ToList();
        foreach (var other in said.Skip(1).Where(other => !Equals(other.Value, said[0].Value)))
        {
            errors.Add($"The handlers \"{said[0].HandlerName}\" and \"{other.HandlerName}\" of the queue \"{queue}\" give {setting} as \"{said[0].Value}\" and \"{other.Value}\", but a queue has one. Say it on one of them{(setting == nameof(HandlerDefinition.Inbox) ? "" : $", or in \"ReliableMq:Queues:{queue}:{setting}\"")}.");
        }

        return said.Count == 0 ? default : said[0].Value;
    }
}

using System.ComponentModel;
using System.Text.Json.Serialization;

namespace ReliableMq.Dashboard.Contract;

internal sealed record QueueItem(
    string Service, string Queue,
    [property: Description("Whether the service consumes it; else it is one that the broker has beside them.")] bool IsConsumed,
    QueueSource Source, QueueDepth? Depth,
    Count Delayed, Count Failing, Count Parked, Count DeadLetters,
    ConsumerSettings Settings,
    [property: Description("The processes that consume it and that can be asked: the one that serves the dashboard.")] IReadOnlyList<ConsumerItem> Consumers,
    [property: Description("The broker's policy in force; null where there is none or nothing is known.")] string? Policy,
    string? Type, IReadOnlyDictionary<string, string> Arguments,
    [property: Description("What differs from what the service needs; null where that was not compared: by the process that serves the dashboard, for its own queues.")] IReadOnlyList<string>? Differences,
    [property: Description("Whether the queue is one of another process: `depth` and what else the broker says is of a queue with this name at the broker of the process that serves the dashboard.")] bool IsSameBrokerAssumed = false);

[JsonConverter(typeof(Words<QueueSource>))]
internal enum QueueSource { None, Amqp, Management }

internal sealed record QueueDepth(
    long Ready,
    [property: Description("Null where only AMQP was asked.")] long? Unacked,
    long Consumers,
    [property: Description("A second; null where only AMQP was asked.")] double? PublishRate, double? DeliverRate, double? AckRate,
    [property: Description("In the dead-letter queue of the broker.")] long? InDeadLetterQueue);

internal sealed record ConsumerSettings(
    bool IsPaused, DateTimeOffset? PausedSince, bool IsPauseLasting,
    [property: Description("Changed by an operator; null as configured.")] int? Concurrency, int? Prefetch, bool IsChangeLasting, DateTimeOffset? ChangedAt);

internal sealed record ConsumerItem(
    string Host, int ProcessId, bool IsConsuming, string Description, int Concurrency, int ConfiguredConcurrency, int Prefetch, int ConfiguredPrefetch, int Handling);

internal sealed record QueueRequest(
    string Service, string Queue,
    [property: Description("Of a pause: whether for processes that start later, too. To resume and to reset ends what was said, lasting or not.")] bool Lasting = false);

internal sealed record ConsumerChangeRequest(
    string Service, string Queue, bool Lasting,
    [property: Description("For each process; null leaves it.")] int? Concurrency = null, int? Prefetch = null);

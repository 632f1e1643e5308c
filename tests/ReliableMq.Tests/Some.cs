using Microsoft.EntityFrameworkCore;
using RabbitMQ.Client;
using ReliableMq.Alerting;
using ReliableMq.Handling;
using ReliableMq.Outbox;
using ReliableMq.Receiving;
using ReliableMq.TestSupport;

namespace ReliableMq.Tests;

/// <summary>Things that tests need but do not look at.</summary>
internal static class Some
{
    internal static ClaimedAlert ClaimedAlert() => new(
        new Alert
        {
            Id = 1, Service = "orders", Kind = "kind", Group = "group", Severity = AlertSeverity.Error, Text = "Text.", Count = 1, NewCount = 1, Telling = 1,
            FirstRaisedAt = default, LastRaisedAt = default, Examples = [],
        },
        Fence: 1, Attempts: 0);

    public static OutboxRow Row(
        TimeSpan remaining = default, string exchange = "orders", string? headers = null, string? correlationId = null, string? causationId = null,
        string? traceParent = null, KeyLease? key = null) => new()
    {
        Id = Guid.CreateVersion7(),
        Fence = 0,
        MessageId = "m-1",
        Name = "orders.order-placed.v1",
        Exchange = exchange,
        RoutingKey = "orders.order-placed.v1",
        ContentType = "application/json",
        Headers = headers,
        Body = [1, 2, 3],
        CorrelationId = correlationId,
        CausationId = causationId,
        TraceParent = traceParent,
        ReplyTo = null,
        Priority = null,
        OrderingKey = key?.OrderingKey,
        Key = key,
        IsOrdered = key is not null,
        DueAt = null,
        ExpiresAt = null,
        IsExpired = false,
        CreatedAt = new DateTimeOffset(2025, 1, 2, 3, 4, 5, 678, TimeSpan.Zero),
        Attempts = 0,
        Remaining = remaining,
    };

    public static OutboxMessage Message(DateTimeOffset? dueAt = null, string? orderingKey = null) => new()
    {
        MessageId = "m-1",
        Name = "orders.order-placed.v1",
        Exchange = "orders",
        RoutingKey = "orders.order-placed.v1",
        ContentType = "application/json",
        Body = [1, 2, 3],
        DueAt = dueAt,
        OrderingKey = orderingKey,
    };

    public static HandlerDefinition Handler(
        string name = "Shop.Handlers.Handle", string queue = "billing", string message = "orders.order-placed.v1",
        string? retry = null, int concurrency = 0, int prefetch = 0, string? timeout = null, Type? inbox = null) => new()
    {
        Queue = queue,
        Inbox = inbox,
        MessageName = message,
        MessageType = typeof(OrderPlaced),
        HandlerName = name,
        Invoke = (_, _, _) => ValueTask.CompletedTask,
        Retry = retry,
        Concurrency = concurrency,
        Prefetch = prefetch,
        Timeout = timeout,
    };

    public static Delivery Delivery(BasicProperties? properties = null, string routingKey = "orders.order-placed.v1") =>
        ReliableMq.Receiving.Delivery.From(
            "billing", 7, redelivered: false, "orders", routingKey, properties ?? new BasicProperties(), new byte[] { 1, 2, 3 }, new ManualTimeProvider());

    public static MessageContext Context(string messageId = "m-1") => new()
    {
        MessageId = messageId,
        MessageName = "orders.order-placed.v1",
        Queue = "billing",
        Attempt = 1,
        Redelivered = false,
        ReceivedAt = default,
        Headers = new Dictionary<string, object?>(),
        CancellationToken = default,
    };

    public static HandlerDefinition BatchHandler(string name = "Shop.Handlers.HandleMany", int batchSize = 0, string? linger = null, QueueOrder order = QueueOrder.None, string queue = "billing") => new()
    {
        Queue = queue,
        MessageName = "orders.order-placed.v1",
        MessageType = typeof(OrderPlaced),
        HandlerName = name,
        InvokeBatch = (_, _, _) => ValueTask.CompletedTask,
        BatchSize = batchSize,
        Linger = linger,
        Order = order,
    };

    public static MessageSerializer Serializer(params IMessageSerializer[] own) => new(new JsonMessageSerializer([]), own);

    public static Delivery DeliveryWith(string header, object? value) =>
        Delivery(new BasicProperties { Headers = new Dictionary<string, object?> { [header] = value } });
}

[Message("orders.order-placed.v1")]
internal sealed record OrderPlaced(Guid OrderId, decimal Total);

/// <summary>A context that is never connected.</summary>
internal sealed class OrdersDb(DbContextOptions<OrdersDb> options) : DbContext(options);

/// <inheritdoc cref="OrdersDb"/>
internal sealed class BillingDb(DbContextOptions<BillingDb> options) : DbContext(options);

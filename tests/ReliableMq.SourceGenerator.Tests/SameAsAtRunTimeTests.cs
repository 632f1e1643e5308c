using ReliableMq.Broker.Topology;
using ReliableMq.Failing;
using ReliableMq.Receiving;

namespace ReliableMq.SourceGenerator.Tests;

/// <summary>
/// What passes at build time must not fail the host at its start. The build alone refuses <c>.5s</c>, <c>1.s</c>
/// and a blank text that is not empty.
/// </summary>
public sealed class SameAsAtRunTimeTests
{
    [Theory]
    [InlineData("")]
    [InlineData("1")]
    [InlineData("s")]
    [InlineData("1s")]
    [InlineData("1.5s")]
    [InlineData("0.001s")]
    [InlineData("007m")]
    [InlineData(" 1s ,  10s ")]
    [InlineData("1s,")]
    [InlineData(",1s")]
    [InlineData("1 s")]
    [InlineData("1S")]
    [InlineData("1d")]
    [InlineData("-1s")]
    [InlineData("+1s")]
    [InlineData("1e3s")]
    [InlineData("1.2.3s")]
    [InlineData("0s")]
    [InlineData("0.9ms")]
    [InlineData("1ms")]
    [InlineData("8760h")]
    [InlineData("8761h")]
    [InlineData("99999999999999999999999999999999999h")]
    [InlineData("1s..10m x12")]
    [InlineData("1s..10m x 12 ")]
    [InlineData("1s..10m  x012")]
    [InlineData("1s..1s x1")]
    [InlineData("1s..10m x100")]
    [InlineData("1s..10m x101")]
    [InlineData("1s..10m x0")]
    [InlineData("1s..10m x-1")]
    [InlineData("1s..10m x+1")]
    [InlineData("1s..10m")]
    [InlineData("1s..10m 12")]
    [InlineData("1s..10m xx2")]
    [InlineData("10m..1s x2")]
    [InlineData("1s...10m x2")]
    [InlineData("1s..8761h x2")]
    [InlineData("1s, 1s..10m x2")]
    public void Durations_mean_the_same(string text) =>
        (Durations.RetryFault(text) is null).ShouldBe(RetryPolicy.TryParse(text, out _));

    [Theory]
    [InlineData("1s..10s")]
    [InlineData("100ms..30s")]
    [InlineData("99ms..30s")]
    [InlineData("100ms..30001ms")]
    [InlineData("10s..1s")]
    [InlineData("10s")]
    [InlineData("")]
    public void Delays_of_the_broker_mean_the_same(string text) =>
        (Durations.DelayedRetryFault(text) is null).ShouldBe(DelayedRetry.TryParse(text, out _));

    [Fact]
    public void Every_outcome_of_a_rule_is_known() =>
        Enum.GetNames<OnFailure>().ShouldAllBe(outcome => IsAccepted($"""[MessageHandler("billing"), OnException(typeof(Exception), OnFailure.{outcome})] public void Handle(OrderPlaced message)"""));

    [Theory]
    [InlineData("0.9ms")]
    [InlineData("1ms")]
    [InlineData("50ms")]
    [InlineData("1m")]
    [InlineData("60001ms")]
    [InlineData("soon")]
    public void Times_to_wait_for_a_full_batch_mean_the_same(string text)
    {
        var errors = new List<string>();
        _ = QueueSettings.Resolve("billing", [Definition(isBatch: true, linger: text)], null, BrokerOptions.DefaultConsumerTimeout, errors);

        (Durations.LingerFault(text) is null).ShouldBe(errors.Count == 0, string.Join(' ', errors));
    }

    [Theory]
    [InlineData("", "#")]
    [InlineData("legacy", "")]
    [InlineData("legacy", "#")]
    [InlineData("amq.topic", "*.ü")]
    public void Bindings_mean_the_same(string exchange, string pattern) =>
        IsAccepted($"""[MessageHandler("billing"), Binding("{exchange}", "{pattern}")] public void Handle(OrderPlaced message)""")
            .ShouldBe(new Binding(exchange, pattern).Fault is null);

    [Theory]
    [InlineData(255)]
    [InlineData(256)]
    public void Bindings_may_be_as_long(int length)
    {
        Bindings_mean_the_same(new string('a', length), "#");
        Bindings_mean_the_same("legacy", new string('a', length));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(1000)]
    [InlineData(1001)]
    public void Batches_may_be_as_large(int size)
    {
        var errors = new List<string>();
        _ = QueueSettings.Resolve("billing", [Definition(isBatch: true, batchSize: size)], null, BrokerOptions.DefaultConsumerTimeout, errors);

        IsAccepted($"""[MessageHandler("billing", BatchSize = {size})] public void Handle(IReadOnlyList<OrderPlaced> messages)""").ShouldBe(errors.Count == 0);
    }

    [Fact]
    public void Every_order_is_known() =>
        Enum.GetNames<QueueOrder>().ShouldAllBe(order => IsAccepted($"""[MessageHandler("billing", Order = QueueOrder.{order})] public void Handle(OrderPlaced message)"""));

    private static bool IsAccepted(string handler) =>
        Compiler.Generate($$"""public sealed class Handlers { {{handler}} { } }""").Diagnostics.IsEmpty;

    private static HandlerDefinition Definition(bool isBatch, string? linger = null, int batchSize = 0) => new()
    {
        Queue = "billing",
        MessageName = "own.message.v1",
        MessageType = typeof(OwnMessage),
        HandlerName = "A",
        Invoke = isBatch ? null : (_, _, _) => default,
        InvokeBatch = isBatch ? (_, _, _) => default : null,
        Linger = linger,
        BatchSize = batchSize,
    };

    [Theory]
    [InlineData("")]
    [InlineData("orders")]
    [InlineData("orders.v1")]
    [InlineData("orders.order-placed.v1")]
    [InlineData("orders.order_placed")]
    [InlineData("orders.")]
    [InlineData(".orders")]
    [InlineData("orders..v1")]
    [InlineData("Orders.v1")]
    [InlineData("orders.v 1")]
    [InlineData("orders.ü")]
    [InlineData("orders.*")]
    [InlineData("-._")]
    public void Message_names_mean_the_same(string name) =>
        (MessageName.Fault(name) is null).ShouldBe(MessageNames.IsValid(name));

    [Theory]
    [InlineData(200)]
    [InlineData(201)]
    public void Message_names_may_be_as_long(int length) =>
        Message_names_mean_the_same("a." + new string('b', length - 2));
}

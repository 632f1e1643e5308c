using RabbitMQ.Client;
using ReliableMq.Broker.Naming;
using ReliableMq.Broker.Topology;
using ReliableMq.Handling;
using ReliableMq.Receiving;

namespace ReliableMq.Tests.Handling;

/// <summary>Which handler takes a delivery.</summary>
public sealed class FindingTheHandlerTests
{
    private const string Placed = "orders.placed.v2", Shipped = "orders.shipped.v1";

    [Theory]
    // The type decides, by a name, an alias, or the name of what upcasters lead from.
    [InlineData(Placed, "orders", "x", "Placed", Placed)]
    [InlineData("orders.placed.v1", "orders", "x", "Placed", "orders.placed.v1")]
    [InlineData("orders.ordered.v1", "orders", "x", "Placed", "orders.ordered.v1")]
    [InlineData("sales.ordered.v1", "orders", "x", "Placed", "sales.ordered.v1")]
    [InlineData(Shipped, "orders", Placed, "Shipped", Shipped)]
    // Else the routing key, whatever the type.
    [InlineData("", "orders", Placed, "Placed", Placed)]
    [InlineData("OrderPlaced", "orders", Placed, "Placed", Placed)]
    [InlineData("", "anything", "orders.placed.v1", "Placed", "orders.placed.v1")]
    // Else the only handler bound to where it came from; it is called as it was sent.
    [InlineData("", "legacy", "shipping.done", "Shipped", "shipping.done")]
    [InlineData("ShippingDone", "legacy", "shipping.done", "Shipped", "ShippingDone")]
    [InlineData("", "legacy", "order.done", "Placed", "order.done")]
    // Both are bound to it, or none.
    [InlineData("", "both", "x", null, null)]
    [InlineData("", "legacy", "other.done", null, null)]
    [InlineData("", "orders", "shipping.done", null, null)]
    [InlineData("", "", "billing", null, null)]
    [InlineData(Placed + " ", "orders", "x", null, null)]
    public void By_type_then_routing_key_then_binding(string type, string exchange, string routingKey, string? handler, string? name)
    {
        var found = Handlers(null, Handler<PlacedMessage>("Placed", Placed, ("legacy", "order.*"), ("both", "#")), Handler<ShippedMessage>("Shipped", Shipped, ("legacy", "shipping.#"), ("both", "*")))
            .Find(Delivery(type, exchange, routingKey));

        (found?.Handler.HandlerName, found?.Name).ShouldBe((handler, name));
    }

    [Theory]
    [InlineData("legacy", "order.done", "Placed")]
    [InlineData("legacy", "shipping.done", null)]
    [InlineData("own", "x", null)]
    public void Configured_bindings_are_those_of_the_only_handler(string exchange, string routingKey, string? handler) =>
        (Handlers([new Binding("legacy", "order.#")], Handler<PlacedMessage>("Placed", Placed, ("own", "#")))
            .Find(Delivery("", exchange, routingKey))?.Handler.HandlerName).ShouldBe(handler);

    [Fact]
    public void Configured_bindings_are_nobodys_where_there_are_several_handlers() =>
        Handlers([new Binding("legacy", "#")], Handler<PlacedMessage>("Placed", Placed, ("legacy", "#")), Handler<ShippedMessage>("Shipped", Shipped))
            .Find(Delivery("", "legacy", "order.done")).ShouldBeNull();

    [Fact]
    public void A_handler_without_bindings_takes_nothing_that_it_has_no_name_for() =>
        Handlers(null, Handler<PlacedMessage>("Placed", Placed)).Find(Delivery("", "orders", "order.done")).ShouldBeNull();

    [Fact]
    public void A_message_that_came_by_a_binding_is_what_the_handler_takes_today()
    {
        var found = Handlers(null, Handler<PlacedMessage>("Placed", Placed, ("legacy", "#"))).Find(Delivery("", "legacy", "x"))!;

        found.Type.ShouldBe(typeof(PlacedMessage));
        found.Upcasters.ShouldBeEmpty();
    }

    [Fact]
    public void A_copy_sent_to_the_queue_directly_is_found_like_the_first()
    {
        var first = Delivery("", "legacy", "order.done");
        var copy = Delivery("order.done", "", "billing", ReliableMq.Failing.CopyableHeaders.Of(first));
        var again = Delivery("order.done", "", "billing", ReliableMq.Failing.CopyableHeaders.Of(copy));

        Handlers(null, Handler<PlacedMessage>("Placed", Placed, ("legacy", "order.#")), Handler<ShippedMessage>("Shipped", Shipped)).Find(again).ShouldNotBeNull().Handler.HandlerName.ShouldBe("Placed");
    }

    [Fact]
    public void A_queue_is_bound_by_every_name_unless_its_handlers_say_otherwise()
    {
        var topology = Topology(null, Handler<PlacedMessage>("Placed", Placed), Handler<ShippedMessage>("Shipped", Shipped, ("legacy", "shipping.#"), ("orders", "own")));

        topology.Bindings.ShouldBe([
            new("orders", Placed), new("orders", "orders.placed.v1"), new("sales", "sales.placed.v1"),
            new("orders", "orders.ordered.v1"), new("sales", "sales.ordered.v1"),
        ]);
        topology.ForeignBindings.ShouldBe([new("legacy", "shipping.#"), new("orders", "own")]);
        topology.Exchanges.ShouldBe(["orders", "sales"]);
        topology.ForeignExchanges.ShouldBe(["legacy"]);
    }

    [Fact]
    public void Configured_bindings_take_the_place_of_all_others()
    {
        var topology = Topology([new("legacy", "#")], Handler<PlacedMessage>("Placed", Placed), Handler<ShippedMessage>("Shipped", Shipped, ("other", "#")));

        topology.Bindings.ShouldBeEmpty();
        topology.ForeignBindings.ShouldBe([new("legacy", "#")]);
    }

    private static readonly UpcasterRegistration Upcaster = new(typeof(Ordered), typeof(PlacedMessage), typeof(string), (_, message) => message);

    private static QueueSettings Settings(Binding[]? configured) => new("billing", new([]), 1, 1, default) { Bindings = configured };

    private static List<MessageReading> Readings(HandlerDefinition[] handlers) => [.. handlers.SelectMany(handler => MessageReading.Of(handler, [Upcaster]))];

    private static QueueTopology Topology(Binding[]? configured, params HandlerDefinition[] handlers) =>
        new NamesInUse([], TopologyNaming.Domain).TopologyOf(Settings(configured), Readings(handlers));

    private static QueueHandlers Handlers(Binding[]? configured, params HandlerDefinition[] handlers) =>
        new(Settings(configured), Topology(configured, handlers), Readings(handlers));

    private static HandlerDefinition Handler<T>(string name, string message, params (string Exchange, string Pattern)[] bindings) => new()
    {
        Queue = "billing",
        MessageName = message,
        MessageType = typeof(T),
        HandlerName = name,
        Invoke = (_, _, _) => default,
        Bindings = [.. bindings.Select(binding => new BindingAttribute(binding.Exchange, binding.Pattern))],
    };

    private static Delivery Delivery(string type, string exchange, string routingKey, Dictionary<string, object?>? headers = null) =>
        ReliableMq.Receiving.Delivery.From("billing", 7, redelivered: false, exchange, routingKey, new BasicProperties { Type = type, Headers = headers }, ReadOnlyMemory<byte>.Empty, TimeProvider.System);

    [Message(Placed, Aliases = ["orders.placed.v1", "sales.placed.v1"])]
    private sealed record PlacedMessage;

    [Message("orders.ordered.v1", Aliases = ["sales.ordered.v1"])]
    private sealed record Ordered;

    [Message(Shipped)]
    private sealed record ShippedMessage;
}

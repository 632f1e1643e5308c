using ReliableMq.Broker.Topology;
using ReliableMq.Receiving;

namespace ReliableMq.Tests.Receiving;

public sealed class QueueBindingsTests
{
    private readonly List<string> _errors = [];

    [Fact]
    public void Nothing_configured_leaves_the_bindings_to_the_handlers() => Resolve(null).ShouldBeNull();

    [Fact]
    public void Configured_bindings_are_all_that_there_are()
    {
        Resolve(["legacy: invoice.#", "amq.topic: *", "legacy: invoice.#"]).ShouldBe([new Binding("legacy", "invoice.#"), new Binding("amq.topic", "*")]);
        _errors.ShouldBeEmpty();
    }

    [Fact]
    public void None_configured_is_none() => Resolve([]).ShouldBeEmpty();

    [Theory]
    [InlineData("legacy", "is no binding. Write an exchange and a pattern, like \"legacy: invoice.#\".")]
    [InlineData("", "is no binding. Write an exchange and a pattern, like \"legacy: invoice.#\".")]
    [InlineData(": #", "names the default exchange, to which nothing can be bound. Name another exchange.")]
    [InlineData("legacy: ", "has no pattern. Write \"#\" for all messages of the exchange.")]
    public void A_wrong_entry_is_told(string entry, string fault)
    {
        Resolve([entry, "good: #"]);

        _errors.ShouldBe([$"\"ReliableMq:Queues:billing:Bindings\" has \"{entry}\", which {fault}"]);
    }

    [Theory]
    [InlineData(255, 0)]
    [InlineData(256, 1)]
    public void A_name_has_at_most_255_bytes(int length, int errors)
    {
        var name = new string('a', length);
        Resolve([$"{name}: #"]);
        Resolve([$"legacy: {name}"]);

        _errors.ShouldBe(new[] { $"{name}: #", $"legacy: {name}" }.SelectMany(entry => Enumerable.Repeat(
            $"\"ReliableMq:Queues:billing:Bindings\" has \"{entry}\", which is too long. Use at most 255 bytes of UTF-8 for the exchange and for the pattern.", errors)));
    }

    [Fact]
    public void A_wrong_binding_of_a_handler_is_told()
    {
        QueueSettings.Resolve("billing", [Handler("A", bindings: [new("legacy", ""), new("legacy", "#")])], null, TimeSpan.FromMinutes(30), _errors);

        _errors.ShouldBe(["The binding \"legacy: \" of the handler \"A\" has no pattern. Write \"#\" for all messages of the exchange."]);
    }

    [Fact]
    public void A_queue_takes_batches_or_single_messages()
    {
        QueueSettings.Resolve("billing", [Handler("A"), Handler("B", isBatch: true)], null, TimeSpan.FromMinutes(30), _errors);

        _errors.ShouldBe(["The handler \"B\" of the queue \"billing\" takes batches, but \"A\" takes single messages. Give each its own queue."]);
    }

    [Fact]
    public void Settings_of_batches_need_a_handler_of_batches()
    {
        QueueSettings.Resolve("billing", [Handler("A", batchSize: 7)], null, TimeSpan.FromMinutes(30), _errors);
        QueueSettings.Resolve("billing", [Handler("A", isBatch: true, batchSize: 7)], new QueueOptions { Linger = "1s" }, TimeSpan.FromMinutes(30), _errors);

        _errors.ShouldBe([
            "The handler \"A\" of the queue \"billing\" gives a BatchSize or Linger, but it takes single messages. Remove it, or handle an IReadOnlyList<T>.",
        ]);
    }

    private IReadOnlyList<Binding>? Resolve(string[]? configured) =>
        QueueSettings.Resolve("billing", [Some.Handler()], new QueueOptions { Bindings = configured }, TimeSpan.FromMinutes(30), _errors).Bindings;

    private static HandlerDefinition Handler(string name, bool isBatch = false, int batchSize = 0, BindingAttribute[]? bindings = null) => new()
    {
        Queue = "billing",
        MessageName = "orders.order-placed.v1",
        MessageType = typeof(OrderPlaced),
        HandlerName = name,
        Invoke = isBatch ? null : (_, _, _) => default,
        InvokeBatch = isBatch ? (_, _, _) => default : null,
        BatchSize = batchSize,
        Bindings = bindings ?? [],
    };
}

using Microsoft.Extensions.DependencyInjection;

namespace ReliableMq.Tests.Hosting;

public sealed class HandlerRulesTests
{
    [Fact]
    public void Two_handlers_of_one_message_in_one_queue_are_told() =>
        Errors([Some.Handler("A"), Some.Handler("B"), Some.Handler("C", queue: "other"), Some.Handler("D", message: "orders.shipped.v1")]).ShouldBe([
            "The queue \"billing\" has more than one handler of \"orders.order-placed.v1\": \"A\", \"B\". Give each its own queue, or register its assembly once.",
        ]);

    [Fact]
    public void Handlers_without_an_inbox_are_told() =>
        Configured.Errors(builder => builder.AddOutbox<OrdersDb>().AddHandler(Some.Handler("A"))).ShouldBe([
            "The queue \"billing\" of \"A\" has no inbox. Call AddReliableMq(…).AddInbox<TContext>() with the context whose transaction its handlers share, or write [MessageHandler(…, Inbox = typeof(NoInbox))] where a message may be handled more than once.",
        ]);

    [Fact]
    public void Of_several_inboxes_a_queue_names_its_own() =>
        Configured.Errors(builder => builder.AddInbox<BillingDb>().AddInbox<OrdersDb>()
            .AddHandler(Some.Handler("A")).AddHandler(Some.Handler("B", queue: "b", inbox: typeof(OrdersDb))).AddHandler(Some.Handler("C", queue: "c", inbox: typeof(NoInbox)))).ShouldBe([
            "The queue \"billing\" of \"A\" does not say which inbox it has. Write [MessageHandler(…, Inbox = typeof(BillingDb))] or another of \"BillingDb\", \"OrdersDb\".",
        ]);

    [Fact]
    public void An_inbox_that_is_not_registered_is_told() =>
        Configured.Errors(builder => builder.AddInbox<BillingDb>().AddOutbox<OrdersDb>().AddHandler(Some.Handler("A", inbox: typeof(OrdersDb)))).ShouldBe([
            "The queue \"billing\" of \"A\" has the inbox \"OrdersDb\", which is not registered. Call AddReliableMq(…).AddInbox for it. Inboxes: \"BillingDb\".",
        ]);

    [Fact]
    public void Handlers_of_one_queue_in_several_inboxes_are_told() =>
        Configured.Errors(builder => builder.AddInbox<BillingDb>().AddInbox<OrdersDb>()
            .AddHandler(Some.Handler("A", inbox: typeof(OrdersDb))).AddHandler(Some.Handler("B", message: "orders.shipped.v1", inbox: typeof(BillingDb)))).ShouldBe([
            "The handlers \"A\" and \"B\" of the queue \"billing\" give Inbox as \"ReliableMq.Tests.OrdersDb\" and \"ReliableMq.Tests.BillingDb\", but a queue has one. Say it on one of them.",
        ]);

    [Fact]
    public void Settings_of_a_queue_that_no_handler_consumes_are_told() =>
        Errors([Some.Handler(queue: "b"), Some.Handler(queue: "a")], ("Queues:c:Retry", "1s"), ("Queues:A:Retry", "1s")).ShouldBe([
            "\"ReliableMq:Queues:A\" is configured, but no handler consumes the queue \"A\". Correct the name or remove it. Queues with handlers: \"a\", \"b\".",
            "\"ReliableMq:Queues:c\" is configured, but no handler consumes the queue \"c\". Correct the name or remove it. Queues with handlers: \"a\", \"b\".",
        ], ignoreOrder: true);

    [Fact]
    public void An_empty_queue_name_is_told() =>
        Errors([Some.Handler(queue: "")]).ShouldBe(["The queue name \"\" is not valid. Use 1 to 255 bytes of UTF-8."]);

    [Theory]
    [InlineData("ä123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789")]
    public void A_queue_name_whose_dead_letter_queue_RabbitMQ_cannot_name_is_told(string queue) =>
        Errors([Some.Handler(queue: queue), Some.Handler(queue: queue, message: "orders.order-shipped.v1")]).ShouldBe([
            $"The dead-letter queue of \"{queue}\" would be called \"{queue}.dead\" by the naming policy \"DomainNaming\", but names have 1 to 255 bytes of UTF-8. Shorten the name, or correct the policy.",
        ]);

    [Fact]
    public void A_handler_of_another_queues_dead_letters_is_told() =>
        Errors([Some.Handler(queue: "a"), Some.Handler("B", queue: "a.dead")]).ShouldBe([
            "The queue \"a.dead\" has a handler, but it is the dead-letter queue of \"a\", which ReliableMq reads itself. Give the handler another queue.",
        ]);

    [Fact]
    public void A_queue_name_of_250_bytes_is_fine() => Errors([Some.Handler(queue: new string('q', 250))]).ShouldBeEmpty();

    [Fact]
    public void Settings_of_every_queue_are_checked() =>
        Errors([Some.Handler(queue: "a", concurrency: -1), Some.Handler(queue: "b")], ("Queues:b:Prefetch", "0")).ShouldBe([
            "Concurrency of the queue \"a\" (\"ReliableMq:Queues:a\" or [MessageHandler]) is -1. Use 1 to 1000.",
            "Prefetch of the queue \"b\" (\"ReliableMq:Queues:b\" or [MessageHandler]) is 0. Use 1 to 2000, the most that a quorum queue allows.",
        ], ignoreOrder: true);

    [Fact]
    public void Errors_of_all_kinds_are_told_at_once() =>
        Errors([Some.Handler(concurrency: -1)], ("Broker:Hosts", ""), ("Broker:Hots", "x"), ("Database:Schema", "X"), ("Outbox:BatchSize", "0"))
            .Count().ShouldBe(5);

    [Fact]
    public void Handlers_with_an_inbox_are_fine() => Errors([Some.Handler(), Some.Handler(queue: "other")]).ShouldBeEmpty();

    private static IEnumerable<string> Errors(HandlerDefinition[] handlers, params (string Key, string? Value)[] settings) =>
        Configured.Errors(
            builder =>
            {
                builder.AddInbox<BillingDb>();
                Array.ForEach(handlers, handler => builder.AddHandler(handler));
            },
            settings);
}

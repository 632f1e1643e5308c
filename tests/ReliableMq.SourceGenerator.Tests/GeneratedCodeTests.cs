namespace ReliableMq.SourceGenerator.Tests;

public sealed class GeneratedCodeTests
{
    [Fact]
    public void One_handler() => Snapshot.Matches(Compiler.Generate(
        """
        public sealed class BillingHandlers
        {
            [MessageHandler("billing.order-placed", Retry = "1s, 10s, 1m, 10m")]
            public void Handle(OrderPlaced message, MessageContext context) { }
        }
        """).ShouldBeClean().Code);

    [Fact]
    public void Every_setting() => Snapshot.Matches(Compiler.Generate(
        """
        public sealed class BillingHandlers
        {
            [MessageHandler("billing", Retry = "", RetryFor = "24h", ImmediateRetries = 0, Concurrency = 4, Prefetch = 40, Timeout = "30s", Inbox = typeof(BillingDb), Order = QueueOrder.OneAtATime, DeriveMessageIds = true)]
            [Binding("legacy", "invoice.#")]
            [Binding("amq.topic", "\"quoted\"")]
            public void Handle(OrderPlaced message) { }
        }

        public sealed class BillingDb : DbContext;
        """).ShouldBeClean().Code);

    [Fact]
    public void Delays_of_the_broker_and_nothing_about_immediate_retries()
    {
        var code = Compiler.Generate(
            """
            public sealed class BillingHandlers
            {
                [MessageHandler("billing", DelayedRetry = "1s..10s", ImmediateRetries = -1)]
                public void Handle(OrderPlaced message) { }
            }
            """).ShouldBeClean().Code;

        code.ShouldContain("DelayedRetry = \"1s..10s\",");
        code.ShouldNotContain("ImmediateRetries");
    }

    [Fact]
    public void Batches() => Snapshot.Matches(Compiler.Generate(
        """
        public sealed class BillingHandlers
        {
            [MessageHandler("billing", BatchSize = 50, Linger = "200ms")]
            public Task Handle(IReadOnlyList<OrderPlaced> messages, IClock clock, CancellationToken token, IReadOnlyList<MessageContext> contexts) => Task.CompletedTask;

            [MessageHandler("shipping")]
            public static void Ship(IReadOnlyList<OrderShipped> messages) { }
        }
        """).ShouldBeClean().Code);

    [Fact]
    public void Every_return_type_with_and_without_an_instance() => Snapshot.Matches(Compiler.Generate(
        """
        public sealed class Instance
        {
            [MessageHandler("instance.void")] public void Void(OrderPlaced message) { }
            [MessageHandler("instance.task")] public async Task Task(OrderPlaced message) => await System.Threading.Tasks.Task.Yield();
            [MessageHandler("instance.value-task")] public ValueTask ValueTask(OrderPlaced message) => default;
        }

        internal static class Static
        {
            [MessageHandler("static.void")] public static void Void(OrderPlaced message) { }
            [MessageHandler("static.task")] public static Task Task(OrderPlaced message) => System.Threading.Tasks.Task.CompletedTask;
            [MessageHandler("static.value-task")] public static async ValueTask ValueTask(OrderPlaced message) => await System.Threading.Tasks.Task.Yield();
        }

        public abstract class Abstract
        {
            [MessageHandler("abstract")] public static void Void(OrderPlaced message) { }
        }
        """).ShouldBeClean().Code);

    [Fact]
    public void Every_kind_of_parameter() => Snapshot.Matches(Compiler.Generate(
        """
        public enum Zone { Local = -1 }

        public record struct Point(int X);

        public sealed class Handlers
        {
            [MessageHandler("parameters")]
            public void Handle(
                OrderPlaced message,
                CancellationToken token,
                IClock clock,
                MessageContext context,
                IClock? optional,
                IEnumerable<KeyValuePair<string, IClock?>> generic,
                (IClock Clock, int Zone)[] array,
                IClock? missing = null,
                CancellationToken again = default) { }

            [MessageHandler("keys")]
            public void Keys(
                OrderPlaced message,
                [FromKeyedServices("text \"\\\n")] IClock text,
                [FromKeyedServices(1)] IClock number,
                [FromKeyedServices(1L)] IClock wide,
                [FromKeyedServices('c')] IClock letter,
                [FromKeyedServices(true)] IClock flag,
                [FromKeyedServices(Zone.Local)] IClock zone,
                [FromKeyedServices(typeof(List<>))] IClock type,
                [FromKeyedServices(null)] IClock none,
                [FromKeyedServices("optional")] IClock? optional,
                [FromKeyedServices("connection")] string connection) { }
        }
        """).ShouldBeClean().Code);

    [Fact]
    public void Awkward_names() => Snapshot.Matches(Compiler.Generate(
        Compiler.Compile("Shop & <Sons>", Compiler.Messages,
        """
        public sealed class Handlers
        {
            [MessageHandler("global \"<&>\\")]
            public void @event(Shop.OrderPlaced @class, Microsoft.Extensions.DependencyInjection.Handlers @namespace) { }
        }

        namespace @namespace.System
        {
            public static class @static
            {
                public sealed record @class
                {
                    [MessageHandler("nested {0} {{billing}}")]
                    public void Handle(@struct message) { }
                }
            }

            [Message("keywords.struct.v1")]
            public readonly record struct @struct;
        }

        namespace Microsoft.Extensions.DependencyInjection
        {
            public sealed class Handlers;
        }
        """)).ShouldBeClean().Code);

    [Fact]
    public void Messages_of_another_assembly()
    {
        var contracts = Compiler.Compile("Shop.Contracts", """
            namespace Shop.Contracts;

            [Message("orders.order-cancelled.v1")]
            public sealed record OrderCancelled(Guid OrderId);
            """);

        Snapshot.Matches(Compiler.Generate(Compiler.Compile("Shop.Billing", """
            using Shop.Contracts;

            namespace Shop.Billing;

            public sealed class BillingHandlers
            {
                [MessageHandler("billing")]
                public void Handle(OrderCancelled message) { }
            }
            """).AddReferences(contracts.ToMetadataReference())).ShouldBeClean().Code);
    }

    [Fact]
    public void Handlers_are_in_a_stable_order_wherever_they_stand()
    {
        const string A = """
            namespace Shop;
            public sealed class A
            {
                [MessageHandler("queue.b")] public void Placed(OrderPlaced message) { }
                [MessageHandler("queue.a")] public void Shipped(OrderShipped message) { }
            }
            """;
        const string B = """
            namespace Shop;
            public sealed class B
            {
                [MessageHandler("queue.a")] public void Placed(OrderPlaced message) { }
                [MessageHandler("queue.B")] public void Shipped(OrderShipped message) { }
            }
            """;

        var code = Compiler.Generate(Compiler.Compile("Shop.Billing", Compiler.Messages, A, B)).ShouldBeClean().Code;

        Compiler.Generate(Compiler.Compile("Shop.Billing", B, A, Compiler.Messages)).Code.ShouldBe(code);
        code.Split('\n').Where(line => line.Contains("HandlerName = ")).Select(line => line.Trim()).ShouldBe(
        [
            "HandlerName = \"Shop.B.Shipped\",",
            "HandlerName = \"Shop.B.Placed\",",
            "HandlerName = \"Shop.A.Shipped\",",
            "HandlerName = \"Shop.A.Placed\",",
        ]);
    }

    [Fact]
    public void An_obsolete_message_and_handler_compile_without_a_warning() => Compiler.Generate(
        """
        [Obsolete, Message("orders.old.v1")]
        public sealed record Old;

        public sealed class Handlers
        {
            [Obsolete("Old messages end this year"), MessageHandler("billing")]
            public void Handle(Old message) { }
        }
        """).ShouldBeClean();

    [Fact]
    public void A_partial_method_is_one_handler_whichever_part_has_the_attribute() => Compiler.Generate(
        """
        public sealed partial class Handlers
        {
            [MessageHandler("first")] public partial Task First(OrderPlaced message);
            public partial Task Second(OrderPlaced message);
        }

        public sealed partial class Handlers
        {
            public async partial Task First(OrderPlaced message) => await Task.Yield();
            [MessageHandler("second")] public async partial Task Second(OrderPlaced message) => await Task.Yield();
        }
        """).ShouldBeClean().Code.Split("builder.AddHandler(").Length.ShouldBe(3);

    [Fact]
    public void An_attribute_where_it_cannot_be_is_left_to_the_compiler()
    {
        var generation = Compiler.Generate(
            """
            [MessageHandler("class")]
            public sealed class Handlers
            {
                [MessageHandler("property")]
                public int Property { get; set; }

                [Message("wrong")]
                [MessageHandler("billing")]
                public void Handle(OrderPlaced message) { }
            }
            """);

        generation.Diagnostics.ShouldBeEmpty();
        generation.CompilerErrors().Length.ShouldBe(3);
        generation.CompilerErrors().ShouldAllBe(error => error.Contains("CS0592"));
        generation.Code.ShouldContain("Shop.Handlers.Handle");
    }

    [Fact]
    public void Without_handlers_nothing_is_generated() =>
        Compiler.Generate("public sealed class Handlers;").ShouldBeClean().Tree.ShouldBeNull();

    [Fact]
    public void The_attribute_of_another_library_is_not_ours() => Compiler.Generate(
        """
        public sealed class MessageHandlerAttribute(string queue) : Attribute;

        public sealed class Handlers
        {
            [MessageHandler("billing")]
            public int Handle() => 0;
        }
        """).ShouldBeClean().Tree.ShouldBeNull();
}

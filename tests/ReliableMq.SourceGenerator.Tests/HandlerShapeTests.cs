namespace ReliableMq.SourceGenerator.Tests;

public sealed class HandlerShapeTests
{
    [Fact, Trait(Refusal.Trait, "RMQ001")]
    public void A_local_function_is_refused() => Refusal.Expect(
        """
        public sealed class Program
        {
            public static void Main()
            {
                Handle(null!);

                [[|MessageHandler("billing")|]]
                static void Handle(OrderPlaced message) { }
            }
        }
        """,
        "'Handle' cannot be a handler because it is not an ordinary method; move it to a public method of a class");

    [Fact, Trait(Refusal.Trait, "RMQ001")]
    public void A_lambda_expression_is_refused() => Refusal.Expect(
        """
        public sealed class Handlers
        {
            public Action<OrderPlaced> Handle = [[|MessageHandler("billing")|]] (message) => { };
        }
        """,
        "'lambda expression' cannot be a handler because it is not an ordinary method; move it to a public method of a class");

    [Fact, Trait(Refusal.Trait, "RMQ001")]
    public void An_accessor_is_refused() => Refusal.Expect(
        """
        public sealed class Handlers
        {
            public OrderPlaced Last { [[|MessageHandler("billing")|]] set { } }
        }
        """,
        "'set_Last' cannot be a handler because it is not an ordinary method; move it to a public method of a class");

    [Fact, Trait(Refusal.Trait, "RMQ001")]
    public void An_explicit_implementation_is_refused() => Refusal.Expect(
        """
        public interface IHandle { void Handle(OrderPlaced message); }

        public sealed class Handlers : IHandle
        {
            [[|MessageHandler("billing")|]]
            void IHandle.Handle(OrderPlaced message) { }
        }
        """,
        "'Shop.IHandle.Handle' cannot be a handler because it is not an ordinary method; move it to a public method of a class");

    [Theory, Trait(Refusal.Trait, "RMQ002")]
    [InlineData("")]
    [InlineData("private")]
    [InlineData("protected")]
    [InlineData("internal")]
    public void A_method_that_is_not_public_is_refused(string modifier) => Refusal.Expect(
        $$"""
        public class Handlers
        {
            [MessageHandler("billing")]
            {{modifier}} void [|Handle|](OrderPlaced message) { }
        }
        """,
        "Handler method 'Shop.Handlers.Handle' is not public; make it public so that the generated code can call it");

    [Theory, Trait(Refusal.Trait, "RMQ003")]
    [InlineData("private")]
    [InlineData("protected")]
    [InlineData("private protected")]
    public void A_nested_class_that_others_cannot_see_is_refused(string modifier) => Refusal.Expect(
        $$"""
        public class Billing
        {
            {{modifier}} class Handlers
            {
                [MessageHandler("billing")]
                public void [|Handle|](OrderPlaced message) { }
            }
        }
        """,
        "Handler method 'Shop.Billing.Handlers.Handle' is in 'Shop.Billing.Handlers', which the generated code cannot see; make that class and those around it public or internal");

    [Fact, Trait(Refusal.Trait, "RMQ003")]
    public void A_class_inside_a_private_class_is_refused() => Refusal.Expect(
        """
        public class Billing
        {
            private class Inner
            {
                public class Handlers
                {
                    [MessageHandler("billing")]
                    public void [|Handle|](OrderPlaced message) { }
                }
            }
        }
        """,
        "Handler method 'Shop.Billing.Inner.Handlers.Handle' is in 'Shop.Billing.Inner.Handlers', which the generated code cannot see; make that class and those around it public or internal");

    [Fact, Trait(Refusal.Trait, "RMQ003")]
    public void A_class_of_one_file_is_refused() => Refusal.Expect(
        """
        file class Handlers
        {
            [MessageHandler("billing")]
            public void [|Handle|](OrderPlaced message) { }
        }
        """,
        "Handler method 'Shop.Handlers.Handle' is in 'Shop.Handlers', which the generated code cannot see; make that class and those around it public or internal");

    [Theory, Trait(Refusal.Trait, "RMQ004")]
    [InlineData("struct")]
    [InlineData("record struct")]
    [InlineData("interface")]
    public void Only_a_class_can_have_handlers(string kind) => Refusal.Expect(
        $$"""
        public {{kind}} Handlers
        {
            [MessageHandler("billing")]
            public void [|Handle|](OrderPlaced message) { }
        }
        """,
        "Handler method 'Shop.Handlers.Handle' is in 'Shop.Handlers', which is not a class; move it to a class");

    [Fact, Trait(Refusal.Trait, "RMQ005")]
    public void An_abstract_class_is_refused() => Refusal.Expect(
        """
        public abstract class Handlers
        {
            [MessageHandler("billing")]
            public void [|Handle|](OrderPlaced message) { }
        }
        """,
        "Handler method 'Shop.Handlers.Handle' is in the abstract class 'Shop.Handlers', which cannot be created; move it to a class that is not abstract, or make the method static");

    [Theory, Trait(Refusal.Trait, "RMQ019")]
    [InlineData("private Handlers() { }")]
    [InlineData("internal Handlers(IClock clock) { }")]
    [InlineData("protected Handlers() { } private protected Handlers(IClock clock) { }")]
    public void A_class_without_a_public_constructor_is_refused(string constructors) => Refusal.Expect(
        $$"""
        public class Handlers
        {
            {{constructors}}

            [MessageHandler("billing")]
            public void [|Handle|](OrderPlaced message) { }
        }
        """,
        "Handler method 'Shop.Handlers.Handle' is in 'Shop.Handlers', which has no public constructor, so it cannot be created; give it one, or make the method static");

    [Theory]
    [InlineData("class", "static")]
    [InlineData("static class", "static")]
    public void A_static_method_needs_no_constructor(string kind, string modifier) => Compiler.Generate(
        $$"""
        public {{kind}} Handlers
        {
            {{(kind == "class" ? "private Handlers() { }" : "")}}

            [MessageHandler("billing")]
            public {{modifier}} void Handle(OrderPlaced message) { }
        }
        """).ShouldBeClean();

    [Fact, Trait(Refusal.Trait, "RMQ006")]
    public void A_generic_class_is_refused() => Refusal.Expect(
        """
        public class Handlers<T>
        {
            [MessageHandler("billing")]
            public void [|Handle|](T message) { }
        }
        """,
        "Handler method 'Shop.Handlers<T>.Handle' is in the generic class 'Shop.Handlers<T>', and nothing says with which types to create it; move it to a class without type parameters");

    [Fact, Trait(Refusal.Trait, "RMQ006")]
    public void A_class_inside_a_generic_class_is_refused() => Refusal.Expect(
        """
        public class Outer<T>
        {
            public class Handlers
            {
                [MessageHandler("billing")]
                public void [|Handle|](OrderPlaced message) { }
            }
        }
        """,
        "Handler method 'Shop.Outer<T>.Handlers.Handle' is in the generic class 'Shop.Outer<T>.Handlers', and nothing says with which types to create it; move it to a class without type parameters");

    [Fact, Trait(Refusal.Trait, "RMQ007")]
    public void A_generic_method_is_refused() => Refusal.Expect(
        """
        public sealed class Handlers
        {
            [MessageHandler("billing")]
            public void [|Handle|]<T>(T message) { }
        }
        """,
        "Handler method 'Shop.Handlers.Handle' is generic, and nothing says with which types to call it; write one method for each message");

    [Fact, Trait(Refusal.Trait, "RMQ012")]
    public void Async_void_is_refused() => Refusal.Expect(
        """
        public sealed class Handlers
        {
            [MessageHandler("billing")]
            public async void [|Handle|](OrderPlaced message) => await Task.Yield();
        }
        """,
        "Handler method 'Shop.Handlers.Handle' is async void, so nothing can wait for its end or see it fail; return Task or ValueTask");

    [Fact, Trait(Refusal.Trait, "RMQ012")]
    public void Async_void_is_refused_where_only_the_other_part_says_async() => Refusal.Expect(
        """
        public sealed partial class Handlers
        {
            [MessageHandler("billing")]
            public partial void [|Handle|](OrderPlaced message);

            public async partial void Handle(OrderPlaced message) => await Task.Yield();
        }
        """,
        "Handler method 'Shop.Handlers.Handle' is async void, so nothing can wait for its end or see it fail; return Task or ValueTask");

    [Theory, Trait(Refusal.Trait, "RMQ013")]
    [InlineData("Task<int>", "System.Threading.Tasks.Task<int>")]
    [InlineData("ValueTask<int>", "System.Threading.Tasks.ValueTask<int>")]
    [InlineData("bool", "bool")]
    [InlineData("IAsyncEnumerable<int>", "System.Collections.Generic.IAsyncEnumerable<int>")]
    [InlineData("ref Task", "System.Threading.Tasks.Task")]
    [InlineData("ref readonly ValueTask", "System.Threading.Tasks.ValueTask")]
    public void Any_other_return_type_is_refused(string type, string shown) => Refusal.Expect(
        $$"""
        public sealed class Handlers
        {
            [MessageHandler("billing")]
            public {{type}} [|Handle|](OrderPlaced message) => throw new NotSupportedException();
        }
        """,
        $"Handler method 'Shop.Handlers.Handle' returns '{shown}'; return Task, ValueTask or void");

    [Fact, Trait(Refusal.Trait, "RMQ013")]
    public void A_task_of_another_namespace_is_refused() => Refusal.Expect(
        """
        public class Task;

        public sealed class Handlers
        {
            [MessageHandler("billing")]
            public Task [|Handle|](OrderPlaced message) => new();
        }
        """,
        "Handler method 'Shop.Handlers.Handle' returns 'Shop.Task'; return Task, ValueTask or void");
}

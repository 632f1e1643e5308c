namespace ReliableMq.SourceGenerator.Tests;

public sealed class OnExceptionTests
{
    [Theory, Trait(Refusal.Trait, "RMQ075")]
    [InlineData("typeof(string)", "string", "is no exception")]
    [InlineData("typeof(Exception[])", "System.Exception[]", "is no exception")]
    [InlineData("null!", "null", "is no exception")]
    [InlineData("typeof(Odd<>)", "Shop.Odd<>", "has open type parameters")]
    [InlineData("typeof(Hidden)", "Shop.Handlers.Hidden", "cannot be seen by the generated code, so make it public or internal")]
    public void What_is_no_exception_is_refused(string type, string shown, string fault) => Refusal.Expect(
        Ruled($"[OnException([|{type}|], OnFailure.DeadLetter)]"),
        $"[OnException] of handler method 'Shop.Handlers.Handle' is about '{shown}', which {fault}; name the type of an exception");

    [Theory, Trait(Refusal.Trait, "RMQ076")]
    [InlineData(-1)]
    [InlineData(4)]
    public void An_outcome_that_is_none_is_refused(int value) => Refusal.Expect(
        Ruled($"[OnException(typeof(Exception), [|(OnFailure)({value})|])]"),
        $"Outcome '{value}' of [OnException] of handler method 'Shop.Handlers.Handle' is not a value of OnFailure; use Retry, RetryNow, DeadLetter or Discard");

    [Theory, Trait(Refusal.Trait, "RMQ077")]
    [InlineData("Retry", "soon", "has 'soon', which is not a duration")]
    [InlineData("Retry", "", "has '', which is not a duration")]
    [InlineData("Retry", "0s", "has '0s', which is out of range")]
    [InlineData("Retry", "1s, 2s", "has '1s, 2s', which is not a duration")]
    [InlineData("RetryNow", "1s", "is set, but the outcome is RetryNow, which has none")]
    [InlineData("Discard", "1s", "is set, but the outcome is Discard, which has none")]
    public void A_wrong_delay_is_refused(string outcome, string delay, string fault) => Refusal.Expect(
        Ruled($"[OnException(typeof(Exception), OnFailure.{outcome}, Delay = [|\"{delay}\"|])]"),
        $"Delay '{delay}' of [OnException] of handler method 'Shop.Handlers.Handle' {fault}; write one duration from 1ms to 365 days for the outcome Retry, such as '5m', or leave it out");

    [Fact, Trait(Refusal.Trait, "RMQ078")]
    public void Two_rules_of_a_method_for_one_exception_are_refused() => Refusal.Expect(
        Ruled("[OnException(typeof(TimeoutException), OnFailure.Retry)] [[|OnException(typeof(TimeoutException), OnFailure.Discard)|]]"),
        "Handler method 'Shop.Handlers.Handle' has two rules for 'System.TimeoutException'; keep one of them");

    [Fact, Trait(Refusal.Trait, "RMQ078")]
    public void Two_rules_of_a_class_for_one_exception_are_refused() => Refusal.Expect(
        """
        [OnException(typeof(TimeoutException), OnFailure.Retry)]
        [[|OnException(typeof(TimeoutException), OnFailure.Retry)|]]
        public sealed class Handlers
        {
            [MessageHandler("billing")]
            public void Handle(OrderPlaced message) { }
        }
        """,
        "Class 'Shop.Handlers' has two rules for 'System.TimeoutException'; keep one of them");

    [Fact, Trait(Refusal.Trait, "RMQ079")]
    public void A_rule_of_no_handler_is_reported() => Refusal.Expect(
        """
        [[|OnException(typeof(TimeoutException), OnFailure.Retry)|]]
        public class Base { }

        public sealed class Handlers
        {
            [[|OnException(typeof(TimeoutException), OnFailure.Retry)|]]
            public void Handle(OrderPlaced message) { }
        }
        """,
        "Class 'Shop.Base' has [OnException], but no [MessageHandler] whose failures it could be about; add one, or remove it",
        "Method 'Shop.Handlers.Handle' has [OnException], but no [MessageHandler] whose failures it could be about; add one, or remove it");

    [Fact, Trait(Refusal.Trait, "RMQ015")]
    public void An_exception_that_the_generator_cannot_see_is_reported() => Refusal.Expect(
        Ruled("[[|OnException(typeof(Missing), OnFailure.Retry)|]]"),
        ["The [OnException] of handler method 'Shop.Handlers.Handle' is unknown while handlers are collected; correct it, or move what another generator writes to a referenced project"],
        compilerErrors: "CS0246");

    [Fact]
    public void Rules_are_passed_on() => Snapshot.Matches(Compiler.Generate(
        """
        [OnException(typeof(Exception), OnFailure.DeadLetter)]
        [OnException(typeof(TimeoutException), OnFailure.RetryNow)]
        public sealed class Handlers
        {
            [MessageHandler("billing")]
            [OnException(typeof(TimeoutException), OnFailure.Retry, Delay = "5m")]
            [OnException(typeof(Odd<string>), OnFailure.Discard)]
            public void Handle(OrderPlaced message) { }
        }

        public class Odd<T> : Exception;
        """).ShouldBeClean().Code);

    private static string Ruled(string rules) => $$"""
        public sealed class Handlers
        {
            [MessageHandler("billing")]
            {{rules}}
            public void Handle(OrderPlaced message) { }

            private sealed class Hidden : Exception;
        }

        public class Odd<T> : Exception;
        """;
}

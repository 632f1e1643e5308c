namespace ReliableMq.SourceGenerator.Tests;

public sealed class SettingsTests
{
    private const string RetryRemedy =
        "write at most 100 delays from 1ms to 365 days, such as '1s, 10s, 1m, 10m', or doubling ones, such as '1s..10m x12', with the units ms, s, m and h";

    private const string TimeoutRemedy = "write one duration from 1ms to 10m, such as '30s', with the units ms, s, m and h";

    [Theory, Trait(Refusal.Trait, "RMQ030")]
    [InlineData("\"\"", "", "is empty; name the queue to consume")]
    [InlineData("\"  \"", "  ", "is empty; name the queue to consume")]
    [InlineData("null!", "", "is empty; name the queue to consume")]
    [InlineData("\"bill\\ning\"", "bill\\u000Aing", "contains a control character; remove it")]
    [InlineData("\"bill\\u2028ing\"", "bill\\u2028ing", "contains a control character; remove it")]
    [InlineData("\"amq.billing\"", "amq.billing", "starts with 'amq.', which RabbitMQ keeps for itself; use another name")]
    public void A_wrong_queue_name_is_refused(string name, string shown, string fault) =>
        Expect($"[|{name}|]", $"Queue name '{shown}' of handler method 'Shop.Handlers.Handle' {fault}");

    [Theory, Trait(Refusal.Trait, "RMQ030")]
    [InlineData('a', 256, 256)]
    [InlineData('ü', 128, 256)]
    public void A_queue_name_over_255_bytes_is_refused(char letter, int length, int bytes)
    {
        var name = new string(letter, length);
        Expect($"[|\"{name}\"|]", $"Queue name '{name}' of handler method 'Shop.Handlers.Handle' has {bytes} bytes in UTF-8; use at most 255");
    }

    [Theory]
    [InlineData('a', 255)]
    [InlineData('ü', 127)]
    public void A_queue_name_of_255_bytes_is_accepted(char letter, int length) => Accept($"\"{new string(letter, length)}\"");

    [Theory, Trait(Refusal.Trait, "RMQ031")]
    [InlineData("soon", "has 'soon', which is not a duration")]
    [InlineData("1", "has '1', which is not a duration")]
    [InlineData("s", "has 's', which is not a duration")]
    [InlineData(" ", "has '', which is not a duration")]
    [InlineData("1s,", "has '', which is not a duration")]
    [InlineData("1s,,2s", "has '', which is not a duration")]
    [InlineData("1 s", "has '1 s', which is not a duration")]
    [InlineData("1S", "has '1S', which is not a duration")]
    [InlineData("1d", "has '1d', which is not a duration")]
    [InlineData("-1s", "has '-1s', which is not a duration")]
    [InlineData("+1s", "has '+1s', which is not a duration")]
    [InlineData("1,5s", "has '1', which is not a duration")]
    [InlineData(".5s", "has '.5s', which is not a duration")]
    [InlineData("1.s", "has '1.s', which is not a duration")]
    [InlineData("1.2.3s", "has '1.2.3s', which is not a duration")]
    [InlineData("1s;2s", "has '1s;2s', which is not a duration")]
    [InlineData("0s", "has '0s', which is out of range")]
    [InlineData("0.9ms", "has '0.9ms', which is out of range")]
    [InlineData("0.0009s", "has '0.0009s', which is out of range")]
    [InlineData("1s, 8761h", "has '8761h', which is out of range")]
    [InlineData("8760.0000001h", "has '8760.0000001h', which is out of range")]
    [InlineData("99999999999999999999999999999999999h", "has '99999999999999999999999999999999999h', which is out of range")]
    [InlineData("1s..10m", "does not say how often")]
    [InlineData("1s..2s..3s x2", "is not a shortest and a longest delay")]
    [InlineData("..1s x2", "has '', which is not a duration")]
    [InlineData("1s..soon x2", "has 'soon', which is not a duration")]
    [InlineData("10m..1s x2", "has the longer delay first")]
    [InlineData("1s..10m x", "has '', which is not a number")]
    [InlineData("1s..10m x1.5", "has '1.5', which is not a number")]
    [InlineData("1s..10m x0", "has 0 delays")]
    [InlineData("1s..10m x101", "has 101 delays")]
    public void A_wrong_retry_text_is_refused(string text, string fault) =>
        Expect($"\"billing\", Retry = [|\"{text}\"|]", $"Retry '{text}' of handler method 'Shop.Handlers.Handle' {fault}; {RetryRemedy}");

    [Fact, Trait(Refusal.Trait, "RMQ031")]
    public void More_than_100_retry_delays_are_refused()
    {
        var text = string.Join(",", Enumerable.Repeat("1s", 101));
        Expect($"\"billing\", Retry = [|\"{text}\"|]", $"Retry '{text}' of handler method 'Shop.Handlers.Handle' has 101 delays; {RetryRemedy}");
    }

    [Theory]
    [InlineData("")]
    [InlineData("1ms")]
    [InlineData("1s,10s,1m,10m")]
    [InlineData("  1s ,  10s  ")]
    [InlineData("1.5s, 0.001s, 8760h, 007m")]
    [InlineData("1s..10m x12")]
    [InlineData(" 1s .. 1s x100")]
    public void A_retry_text_within_the_rules_is_accepted(string text) => Accept($"\"billing\", Retry = \"{text}\"");

    [Fact]
    public void A_hundred_retry_delays_are_accepted() =>
        Accept($"\"billing\", Retry = \"{string.Join(",", Enumerable.Repeat("1s", 100))}\"");

    [Theory, Trait(Refusal.Trait, "RMQ032")]
    [InlineData("", "has '', which is not a duration")]
    [InlineData("1s, 2s", "has '1s, 2s', which is not a duration")]
    [InlineData("5min", "has '5min', which is not a duration")]
    [InlineData("0s", "has '0s', which is out of range")]
    [InlineData("11m", "has '11m', which is out of range")]
    [InlineData("600.001s", "has '600.001s', which is out of range")]
    public void A_wrong_timeout_is_refused(string text, string fault) =>
        Expect($"\"billing\", Timeout = [|\"{text}\"|]", $"Timeout '{text}' of handler method 'Shop.Handlers.Handle' {fault}; {TimeoutRemedy}");

    [Theory]
    [InlineData("10m")]
    [InlineData(" 0.5s ")]
    [InlineData("600000ms")]
    public void A_timeout_within_the_rules_is_accepted(string text) => Accept($"\"billing\", Timeout = \"{text}\"");

    [Theory, Trait(Refusal.Trait, "RMQ033")]
    [InlineData(-1)]
    [InlineData(1001)]
    public void A_concurrency_out_of_range_is_refused(int value) => Expect(
        $"\"billing\", Concurrency = [|{value}|]",
        $"Concurrency '{value}' of handler method 'Shop.Handlers.Handle' is out of range; use 1 to 1000, or 0 for the default");

    [Theory, Trait(Refusal.Trait, "RMQ034")]
    [InlineData(-1)]
    [InlineData(2001)]
    public void A_prefetch_out_of_range_is_refused(int value) => Expect(
        $"\"billing\", Prefetch = [|{value}|]",
        $"Prefetch '{value}' of handler method 'Shop.Handlers.Handle' is out of range; use 1 to 2000, or 0 for the default");

    [Theory]
    [InlineData("Concurrency = 0, Prefetch = 0, Retry = null, Timeout = null")]
    [InlineData("Concurrency = 1, Prefetch = 1")]
    [InlineData("Concurrency = 1000, Prefetch = 2000")]
    public void The_ends_of_the_ranges_are_accepted(string settings) => Accept("\"billing\", " + settings);

    [Theory, Trait(Refusal.Trait, "RMQ035")]
    [InlineData("string", "string", "is no inbox")]
    [InlineData("IClock", "Shop.IClock", "is no inbox")]
    [InlineData("NpgsqlConnection", "Npgsql.NpgsqlConnection", "is no inbox")]
    [InlineData("GenericDb<>", "Shop.GenericDb<>", "has open type parameters")]
    [InlineData("Handlers.HiddenDb", "Shop.Handlers.HiddenDb", "cannot be seen by the generated code, so make it public or internal")]
    public void What_is_no_inbox_is_refused(string type, string shown, string fault) => Expect(
        $"\"billing\", Inbox = [|typeof({type})|]",
        $"Inbox '{shown}' of handler method 'Shop.Handlers.Handle' {fault}; name the DbContext given to AddInbox, typeof(NpgsqlDataSource) or typeof(NoInbox)");

    [Theory]
    [InlineData("BillingDb")]
    [InlineData("SpecialDb")]
    [InlineData("GenericDb<int>")]
    [InlineData("NpgsqlDataSource")]
    [InlineData("NoInbox")]
    public void A_context_a_data_source_and_none_are_inboxes(string type) => Accept($"\"billing\", Inbox = typeof({type})");

    [Theory, Trait(Refusal.Trait, "RMQ036")]
    [InlineData(-1)]
    [InlineData(3)]
    public void An_order_that_is_none_is_refused(int value) => Expect(
        $"\"billing\", Order = [|(QueueOrder)({value})|]",
        $"Order '{value}' of handler method 'Shop.Handlers.Handle' is not a value of QueueOrder; use None, OneAtATime or ByKey");

    [Theory, Trait(Refusal.Trait, "RMQ070")]
    [InlineData("", "has '', which is not a duration")]
    [InlineData("1d", "has '1d', which is not a duration")]
    [InlineData("8761h", "has '8761h', which is out of range")]
    public void A_wrong_total_time_is_refused(string text, string fault) => Expect(
        $"\"billing\", RetryFor = [|\"{text}\"|]",
        $"RetryFor '{text}' of handler method 'Shop.Handlers.Handle' {fault}; write one duration from 1ms to 365 days, such as '24h', with the units ms, s, m and h");

    [Theory, Trait(Refusal.Trait, "RMQ071")]
    [InlineData(-2)]
    [InlineData(11)]
    public void Immediate_retries_out_of_range_are_refused(int value) => Expect(
        $"\"billing\", ImmediateRetries = [|{value}|]",
        $"ImmediateRetries '{value}' of handler method 'Shop.Handlers.Handle' is out of range; use 0 to 10");

    [Theory, Trait(Refusal.Trait, "RMQ072")]
    [InlineData("1s", "is not a shortest and a longest delay")]
    [InlineData("99ms..1s", "has '99ms', which is out of range")]
    [InlineData("1s..31s", "has '31s', which is out of range")]
    [InlineData("10s..1s", "has the longer delay first")]
    [InlineData("1..2s", "has '1', which is not a duration")]
    public void Wrong_delays_of_the_broker_are_refused(string text, string fault) => Expect(
        $"\"billing\", DelayedRetry = [|\"{text}\"|]",
        $"DelayedRetry '{text}' of handler method 'Shop.Handlers.Handle' {fault}; write the broker's shortest and longest delay from 100ms to 30s, such as '1s..10s'");

    [Fact, Trait(Refusal.Trait, "RMQ073")]
    public void Delays_of_the_broker_in_an_ordered_queue_are_refused() => Expect(
        "\"billing\", Order = QueueOrder.ByKey, DelayedRetry = [|\"1s..10s\"|]",
        "Handler method 'Shop.Handlers.Handle' sets DelayedRetry, but its Order is 'ByKey', and what the broker delays is overtaken; remove one of them");

    [Theory]
    [InlineData("RetryFor = \"1ms\", ImmediateRetries = 0, DelayedRetry = \"100ms..30s\"")]
    [InlineData("RetryFor = \"8760h\", ImmediateRetries = 10, DelayedRetry = \"1s..1s\"")]
    [InlineData("RetryFor = null, ImmediateRetries = -1, DelayedRetry = null")]
    public void The_ends_of_what_is_patient_are_accepted(string settings) => Accept("\"billing\", " + settings);

    private static void Expect(string arguments, string message) => Refusal.Expect(Handler(arguments), message);

    private static void Accept(string arguments) => Compiler.Generate(Handler(arguments)).ShouldBeClean();

    private static string Handler(string arguments) => $$"""
        public sealed class Handlers
        {
            [MessageHandler({{arguments}})]
            public void Handle(OrderPlaced message) { }

            private sealed class HiddenDb : DbContext;
        }

        public class BillingDb : DbContext;

        public sealed class SpecialDb : BillingDb;

        public sealed class GenericDb<T> : DbContext;
        """;
}

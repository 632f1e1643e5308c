using ReliableMq.Receiving;

namespace ReliableMq.Tests.Receiving;

public sealed class QueueSettingsTests
{
    private readonly List<string> _errors = [];
    private TimeSpan _consumerTimeout = TimeSpan.FromMinutes(30);

    [Fact]
    public void Defaults_hold_where_nothing_is_said()
    {
        var settings = Resolve([Some.Handler()]);

        settings.Queue.ShouldBe("billing");
        settings.Retry.Delays.ShouldBe([Seconds(1), Seconds(10), Seconds(60), Seconds(600)]);
        settings.Concurrency.ShouldBe(8);
        settings.Prefetch.ShouldBe(200);
        settings.Timeout.ShouldBe(TimeSpan.FromMinutes(5));
        _errors.ShouldBeEmpty();
    }

    [Fact]
    public void Batches_have_a_size_and_a_linger()
    {
        var settings = Resolve([Some.BatchHandler()]);
        (settings.BatchSize, settings.Linger, settings.Slots, settings.Prefetch).ShouldBe((100, TimeSpan.FromMilliseconds(50), 800, 1600));
        settings = Resolve([Some.BatchHandler(batchSize: 7, linger: "1s")]);
        (settings.BatchSize, settings.Linger, settings.Slots).ShouldBe((7, Seconds(1), 56));
        settings = Resolve([Some.BatchHandler(batchSize: 7, linger: "1s")], new QueueOptions { BatchSize = 8, Linger = "2s" });
        (settings.BatchSize, settings.Linger).ShouldBe((8, Seconds(2)));
        Resolve([Some.Handler()]).Slots.ShouldBe(8);
        _errors.ShouldBeEmpty();
    }

    [Fact]
    public void Wrong_sizes_and_lingers_of_batches_are_told()
    {
        Resolve([Some.BatchHandler(batchSize: 1001, linger: "61s", order: QueueOrder.ByKey)]);

        _errors.ShouldBe([
            "BatchSize of the queue \"billing\" (\"ReliableMq:Queues:billing\" or [MessageHandler]) is 1001. Use 1 to 1000.",
            "Linger of the queue \"billing\" (\"ReliableMq:Queues:billing\" or [MessageHandler]) is \"61s\", which is not a duration of at most 1m. Write a number and ms, s or m, like \"50ms\".",
            "Order of the queue \"billing\" (\"ReliableMq:Queues:billing\" or [MessageHandler]) is ByKey, but its handlers take batches, which have no order. Leave out one of them.",
        ]);
    }

    [Fact]
    public void Batches_of_one_have_no_order_either()
    {
        Resolve([Some.BatchHandler(batchSize: 1)], new QueueOptions { Order = QueueOrder.ByKey });

        _errors.ShouldHaveSingleItem().ShouldStartWith("Order of the queue \"billing\" (\"ReliableMq:Queues:billing\" or [MessageHandler]) is ByKey, but its handlers take batches");
    }

    [Fact]
    public void A_batch_that_could_never_be_full_is_told()
    {
        Resolve([Some.BatchHandler(batchSize: 11)], new QueueOptions { Prefetch = 10 });

        _errors.ShouldBe(["BatchSize of the queue \"billing\" (\"ReliableMq:Queues:billing\" or [MessageHandler]) is 11, more than its Prefetch of 10, so that no batch would ever be full. Lower it, or raise Prefetch."]);
    }

    [Theory]
    [InlineData(8, null)]
    [InlineData(null, "1s")]
    public void Settings_of_batches_for_single_messages_are_told(int? batchSize, string? linger)
    {
        Resolve([Some.Handler()], new QueueOptions { BatchSize = batchSize, Linger = linger });

        _errors.ShouldBe(["\"ReliableMq:Queues:billing\" has a BatchSize or Linger, but its handlers take single messages. Remove it, or handle an IReadOnlyList<T>."]);
    }

    [Fact]
    public void One_at_a_time_is_one_at_a_time()
    {
        Resolve([Some.Handler()], new QueueOptions { Order = QueueOrder.OneAtATime }).Concurrency.ShouldBe(1);
        _errors.ShouldBeEmpty();

        Resolve([Some.Handler(concurrency: 5)], new QueueOptions { Order = QueueOrder.OneAtATime });

        _errors.ShouldBe(["Concurrency of the queue \"billing\" (\"ReliableMq:Queues:billing\" or [MessageHandler]) is 5, but its Order is OneAtATime. Leave out one of them, or use ByKey."]);
    }

    [Fact]
    public void A_wrong_order_is_told()
    {
        Resolve([Some.Handler()], new QueueOptions { Order = (QueueOrder)7 });

        _errors.ShouldBe(["Order of the queue \"billing\" (\"ReliableMq:Queues:billing\" or [MessageHandler]) is 7. Use None, OneAtATime, ByKey."]);
    }

    [Fact]
    public void Attributes_win_over_defaults()
    {
        var settings = Resolve([Some.Handler(retry: "2s", concurrency: 3, prefetch: 4, timeout: "5s")]);

        Describe(settings).ShouldBe("2s, concurrency 3, prefetch 4, timeout 5s");
    }

    [Fact]
    public void Configuration_wins_over_attributes()
    {
        var settings = Resolve(
            [Some.Handler(retry: "2s", concurrency: 3, prefetch: 4, timeout: "5s")],
            new QueueOptions { Retry = "20s", Concurrency = 30, Prefetch = 40, Timeout = "50s" });

        Describe(settings).ShouldBe("20s, concurrency 30, prefetch 40, timeout 50s");
    }

    [Fact]
    public void Each_setting_is_looked_up_by_itself()
    {
        var settings = Resolve(
            [Some.Handler("A", retry: "2s"), Some.Handler("B", concurrency: 3), Some.Handler("C")],
            new QueueOptions { Prefetch = 40 });

        Describe(settings).ShouldBe("2s, concurrency 3, prefetch 40, timeout 300s");
        _errors.ShouldBeEmpty();
    }

    [Theory]
    [InlineData(1, 200)]
    [InlineData(100, 200)]
    [InlineData(101, 202)]
    [InlineData(1000, 2000)]
    public void The_default_prefetch_keeps_every_handler_busy(int concurrency, int prefetch) =>
        Resolve([Some.Handler(concurrency: concurrency)]).Prefetch.ShouldBe(prefetch);

    [Fact]
    public void An_empty_retry_is_a_single_attempt()
    {
        Resolve([Some.Handler(retry: "")]).Retry.Delays.ShouldBeEmpty();
        Resolve([Some.Handler(retry: "1s")], new QueueOptions { Retry = "" }).Retry.Delays.ShouldBeEmpty();
        _errors.ShouldBeEmpty();
    }

    [Fact]
    public void Handlers_that_say_the_same_agree()
    {
        var settings = Resolve([Some.Handler("A", retry: "2s", concurrency: 3), Some.Handler("B", retry: "2s", concurrency: 3)]);

        Describe(settings).ShouldBe("2s, concurrency 3, prefetch 200, timeout 300s");
        _errors.ShouldBeEmpty();
    }

    [Fact]
    public void Handlers_that_disagree_are_named_with_what_they_say()
    {
        Resolve([
            Some.Handler("A", retry: "1s", concurrency: 1, prefetch: 10, timeout: "1s"),
            Some.Handler("B"),
            Some.Handler("C", retry: "2s", concurrency: 2, prefetch: 20, timeout: "2s"),
        ]);

        _errors.ShouldBe([
            Disagree("Retry", "1s", "2s"),
            Disagree("Timeout", "1s", "2s"),
            Disagree("Concurrency", "1", "2"),
            Disagree("Prefetch", "10", "20"),
        ]);

        static string Disagree(string setting, string first, string second) =>
            $"The handlers \"A\" and \"C\" of the queue \"billing\" give {setting} as \"{first}\" and \"{second}\", but a queue has one. Say it on one of them, or in \"ReliableMq:Queues:billing:{setting}\".";
    }

    [Fact]
    public void Configuration_settles_a_disagreement()
    {
        Resolve([Some.Handler("A", retry: "1s"), Some.Handler("B", retry: "2s")], new QueueOptions { Retry = "3s" });

        _errors.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("soon")]
    [InlineData("1s,")]
    [InlineData("10")]
    [InlineData("8761h")]
    public void A_retry_that_is_no_list_of_durations_is_refused(string retry)
    {
        Resolve([Some.Handler(retry: retry)]);

        _errors.ShouldBe([$"Retry of the queue \"billing\" (\"ReliableMq:Queues:billing\" or [MessageHandler]) is \"{retry}\", which is not a list of durations. Write at most 100, separated by commas, each a number and ms, s, m or h, like \"1s, 10s, 1m, 10m\"; or doubling ones, the first, the longest and how many, like \"1s..10m x12\"; an empty text means a single attempt."]);
    }

    [Fact]
    public void Patience_is_said_by_handlers_and_by_the_configuration()
    {
        var settings = Resolve([Some.Handler()]);
        (settings.Retry.For, settings.Retry.DeferUnknown, settings.ImmediateRetries, settings.DelayedRetry).ShouldBe((null, TimeSpan.FromMinutes(15), 3, null));

        HandlerDefinition said = new() { Queue = "billing", MessageName = "a.b", MessageType = typeof(OrderPlaced), HandlerName = "A", Invoke = (_, _, _) => default, RetryFor = "24h", ImmediateRetries = 0, DelayedRetry = "1s..10s" };
        settings = Resolve([said]);
        (settings.Retry.For, settings.ImmediateRetries, settings.DelayedRetry).ShouldBe((TimeSpan.FromDays(1), 0, new DelayedRetry(Seconds(1), Seconds(10))));

        settings = Resolve([said], new QueueOptions { RetryFor = "1h", ImmediateRetries = 10, DelayedRetry = "2s..2s", DeferUnknown = "1m" });
        (settings.Retry.For, settings.Retry.DeferUnknown, settings.ImmediateRetries, settings.DelayedRetry).ShouldBe((TimeSpan.FromHours(1), TimeSpan.FromMinutes(1), 10, new DelayedRetry(Seconds(2), Seconds(2))));
        Resolve([said], new QueueOptions { DeferUnknown = "" }).Retry.DeferUnknown.ShouldBe(TimeSpan.Zero);
        _errors.ShouldBeEmpty();
    }

    [Fact]
    public void Wrong_patience_is_told()
    {
        Resolve([Some.Handler()], new QueueOptions { RetryFor = "1 day", ImmediateRetries = 11, DelayedRetry = "1s..31s", DeferUnknown = "long" });
        Resolve([Some.Handler()], new QueueOptions { DelayedRetry = "1s..2s", Order = QueueOrder.ByKey });

        _errors.ShouldBe([
            "RetryFor of the queue \"billing\" (\"ReliableMq:Queues:billing\" or [MessageHandler]) is \"1 day\", which is not a duration. Write a number and ms, s, m or h, like \"24h\", or leave it out for no limit.",
            "\"ReliableMq:Queues:billing:DeferUnknown\" is \"long\", which is not a duration. Write a number and ms, s, m or h, like \"15m\"; an empty text means not at all.",
            "ImmediateRetries of the queue \"billing\" (\"ReliableMq:Queues:billing\" or [MessageHandler]) is 11. Use 0 to 10.",
            "DelayedRetry of the queue \"billing\" (\"ReliableMq:Queues:billing\" or [MessageHandler]) is \"1s..31s\", which is not a shortest and a longest delay from 100ms to 30s. Write it like \"1s..10s\", or leave it out.",
            "DelayedRetry of the queue \"billing\" (\"ReliableMq:Queues:billing\" or [MessageHandler]) is \"1s..2s\", but its Order is ByKey, and what the broker delays is overtaken. Leave out one of them.",
        ]);
    }

    [Fact]
    public void Wrong_rules_are_told()
    {
        Resolve([new()
        {
            Queue = "billing", MessageName = "a.b", MessageType = typeof(OrderPlaced), HandlerName = "A", Invoke = (_, _, _) => default,
            OnException =
            [
                new(typeof(string), OnFailure.Retry), new(typeof(TimeoutException), (OnFailure)9), new(typeof(IOException), OnFailure.Retry) { Delay = "soon" },
                new(typeof(Exception), OnFailure.Retry) { Delay = "1s" },
            ],
            OnExceptionOfClass = [new(typeof(FormatException), OnFailure.Discard) { Delay = "1s" }],
        }]);

        _errors.ShouldBe([
            "[OnException(typeof(String))] of the handler \"A\" of the queue \"billing\" is about a type that is no exception. Name one.",
            "[OnException(typeof(TimeoutException))] of the handler \"A\" of the queue \"billing\" has the outcome 9. Use Retry, RetryNow, DeadLetter, Discard.",
            "[OnException(typeof(IOException))] of the handler \"A\" of the queue \"billing\" has the Delay \"soon\", which is not a duration. Write a number and ms, s, m or h, like \"5m\".",
            "[OnException(typeof(FormatException))] of the handler \"A\" of the queue \"billing\" has a Delay, but its outcome is Discard. Remove it, or use Retry.",
        ]);
    }

    [Theory]
    [InlineData(100, 0)]
    [InlineData(101, 1)]
    public void A_retry_has_at_most_100_delays(int delays, int errors)
    {
        Resolve([Some.Handler(retry: string.Join(",", Enumerable.Repeat("1s", delays)))]);

        _errors.Count.ShouldBe(errors);
    }

    [Theory]
    [InlineData("")]
    [InlineData("soon")]
    [InlineData("0s")]
    [InlineData("601s")]
    [InlineData("1h")]
    public void A_timeout_that_is_no_duration_or_too_long_is_refused(string timeout)
    {
        Resolve([Some.Handler(timeout: timeout)]);

        _errors.ShouldBe([$"Timeout of the queue \"billing\" (\"ReliableMq:Queues:billing\" or [MessageHandler]) is \"{timeout}\", which is not a duration of at most 10m, a third of \"ReliableMq:Broker:ConsumerTimeout\". Write a number and ms, s or m, like \"30s\"."]);
    }

    [Fact]
    public void The_longest_timeout_follows_the_brokers_consumer_timeout()
    {
        _consumerTimeout = TimeSpan.FromMinutes(4);
        Resolve([Some.Handler(timeout: "80s")]).Timeout.ShouldBe(Seconds(80));
        _errors.ShouldBeEmpty();

        Resolve([Some.Handler(timeout: "81s")]);
        Resolve([Some.Handler()]);
        _errors.Select(error => error[error.IndexOf(" is ", StringComparison.Ordinal)..]).ShouldBe([
            " is \"81s\", which is not a duration of at most 80s, a third of \"ReliableMq:Broker:ConsumerTimeout\". Write a number and ms, s or m, like \"30s\".",
            " is \"5m\", which is not a duration of at most 80s, a third of \"ReliableMq:Broker:ConsumerTimeout\". Write a number and ms, s or m, like \"30s\".",
        ]);

        _consumerTimeout = TimeSpan.FromHours(3);
        Resolve([Some.Handler()], new QueueOptions { Timeout = "1h" }).MaxWait.ShouldBe(TimeSpan.FromHours(1));
        _errors.Count.ShouldBe(2);
    }

    [Theory]
    [InlineData("10m", 599, true)]
    [InlineData("10m", 600, true)]
    [InlineData("10m", 601, false)]
    [InlineData("5m", 900, true)]
    [InlineData("5m", 901, false)]
    public void An_attempt_starts_only_if_its_whole_timeout_ends_before_the_last_third(string timeout, int sinceReceipt, bool may) =>
        Resolve([Some.Handler(timeout: timeout)]).MayStart(Seconds(sinceReceipt)).ShouldBe(may);

    [Theory]
    [InlineData(-1)]
    [InlineData(0)]
    [InlineData(1001)]
    [InlineData(int.MaxValue)]
    public void A_concurrency_out_of_range_is_refused(int concurrency)
    {
        Resolve([Some.Handler()], new QueueOptions { Concurrency = concurrency });

        _errors.ShouldBe([$"Concurrency of the queue \"billing\" (\"ReliableMq:Queues:billing\" or [MessageHandler]) is {concurrency}. Use 1 to 1000."]);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(0)]
    [InlineData(2001)]
    public void A_prefetch_out_of_range_is_refused(int prefetch)
    {
        Resolve([Some.Handler()], new QueueOptions { Prefetch = prefetch });

        _errors.ShouldBe([$"Prefetch of the queue \"billing\" (\"ReliableMq:Queues:billing\" or [MessageHandler]) is {prefetch}. Use 1 to 2000, the most that a quorum queue allows."]);
    }

    [Fact]
    public void All_errors_are_told_at_once()
    {
        Resolve([Some.Handler(retry: "x", concurrency: -1, prefetch: -1, timeout: "x")]);

        _errors.Select(error => error.Split(' ')[0]).ShouldBe(["Retry", "Timeout", "Concurrency", "Prefetch"]);
    }

    private QueueSettings Resolve(HandlerDefinition[] handlers, QueueOptions? configured = null) =>
        QueueSettings.Resolve("billing", handlers, configured, _consumerTimeout, _errors);

    private static string Describe(QueueSettings settings) =>
        $"{string.Join(", ", settings.Retry.Delays.Select(delay => $"{delay.TotalSeconds}s"))}, concurrency {settings.Concurrency}, prefetch {settings.Prefetch}, timeout {settings.Timeout.TotalSeconds}s";

    private static TimeSpan Seconds(int seconds) => TimeSpan.FromSeconds(seconds);
}

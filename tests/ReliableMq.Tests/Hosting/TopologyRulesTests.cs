using Microsoft.Extensions.DependencyInjection;

namespace ReliableMq.Tests.Hosting;

public sealed class TopologyRulesTests
{
    private static readonly (string, string?) SourceToTarget = ("Topology:Naming", "SourceToTarget");

    [Theory]
    [InlineData("Topology:CheckInterval", "00:00:00.999", "00:00:00.9990000", "00:00:01 to 1.00:00:00")]
    [InlineData("Topology:CheckInterval", "1.00:00:01", "1.00:00:01", "00:00:01 to 1.00:00:00")]
    public void A_value_out_of_range_is_told(string key, string value, string shown, string range) =>
        Configured.Errors((key, value)).ShouldBe([$"\"ReliableMq:{key}\" is {shown}. Use {range}."]);

    [Fact]
    public void A_value_that_code_has_set_and_nobody_knows_is_told() =>
        Configured.Errors(builder => builder.Services.AddReliableMq(options =>
        {
            options.Topology.Mode = (TopologyMode)3;
            options.Topology.Naming = (TopologyNaming)(-1);
        })).ShouldBe(["\"ReliableMq:Topology:Mode\" is 3. Use Create, Verify, None.", "\"ReliableMq:Topology:Naming\" is -1. Use Domain, SourceToTarget."]);

    [Theory]
    [InlineData("Topology:CheckInterval", "00:00:01")]
    [InlineData("Topology:CheckInterval", "1.00:00:00")]
    [InlineData("Topology:Mode", "none")]
    [InlineData("Topology:Naming", "sourcetotarget")]
    public void A_value_in_its_range_is_accepted(string key, string value) => Configured.Errors((key, value)).ShouldBeEmpty();

    [Fact]
    public void A_queue_that_does_not_fit_the_naming_policy_is_told_with_the_name_it_should_have() =>
        Errors([Some.Handler("A", queue: "ORDERS_TO_BILLING_QUEUE"), Some.Handler("B", queue: "billing")], SourceToTarget).ShouldBe([
            "The queue \"billing\" of \"B\" does not fit the naming policy. Call the queue of the message \"orders.order-placed.v1\" \"ORDERS_TO_<RECEIVER>_QUEUE\" in [MessageHandler].",
        ]);

    [Fact]
    public void The_users_own_policy_is_asked_and_its_refusal_is_an_error_at_start() =>
        Configured.Errors(builder =>
        {
            builder.Services.AddSingleton<INamingPolicy, OneForAll>();
            builder.AddInbox<BillingDb>().AddHandler(Some.Handler("A", queue: "a")).AddHandler(Some.Handler("B", queue: "b"));
        }, SourceToTarget).ShouldBe([
            "The queues \"a\" and \"b\" have the same dead-letter queue \"dead\" by the naming policy. Give each its own.",
            "no exchange for strangers",
        ]);

    private static IEnumerable<string> Errors(HandlerDefinition[] handlers, params (string Key, string? Value)[] settings) =>
        Configured.Errors(
            builder =>
            {
                builder.AddInbox<BillingDb>();
                Array.ForEach(handlers, handler => builder.AddHandler(handler));
            },
            settings);

    private sealed class OneForAll : INamingPolicy
    {
        public string ExchangeOf(string messageName, string? target) => throw new NotSupportedException("no exchange for strangers");

        public string DeadLetterQueueOf(string queue) => "dead";
    }
}

namespace ReliableMq.Tests.Hosting;

public sealed class BrokerRulesTests
{
    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("  ")]
    public void A_host_is_required(string? hosts) =>
        Configured.Errors(("Broker:Hosts", hosts)).ShouldBe(["\"ReliableMq:Broker:Hosts\" is missing. Name at least one RabbitMQ host, like \"localhost:5672\"."]);

    [Theory]
    [InlineData("rabbit-1, amqp://rabbit-2", "amqp://rabbit-2")]
    [InlineData("rabbit-1:0", "rabbit-1:0")]
    [InlineData(",", ",")]
    public void A_wrong_host_is_told(string hosts, string wrong) =>
        Configured.Errors(("Broker:Hosts", hosts)).ShouldBe([
            $"\"ReliableMq:Broker:Hosts\" has the entry \"{wrong}\", which is not a host with an optional port. Write hosts separated by commas, like \"rabbit-1:5672, rabbit-2\"; user, password and virtual host have settings of their own.",
        ]);

    [Theory]
    [InlineData("Broker:Heartbeat", "00:00:00.999", "00:00:00.9990000", "00:00:01 to 00:00:05, a sixth of \"ReliableMq:Outbox:Lease\": the broker drops a silent connection within three heartbeats, and what a process that was stopped after half a lease still had in its buffers must not arrive when the lease is over")]
    [InlineData("Broker:Heartbeat", "00:00:05.001", "00:00:05.0010000", "00:00:01 to 00:00:05, a sixth of \"ReliableMq:Outbox:Lease\": the broker drops a silent connection within three heartbeats, and what a process that was stopped after half a lease still had in its buffers must not arrive when the lease is over")]
    [InlineData("Broker:ConfirmTimeout", "00:00:00", "00:00:00", "00:00:01 to 00:00:15, half of \"ReliableMq:Outbox:Lease\"")]
    [InlineData("Broker:ConfirmTimeout", "00:00:15.001", "00:00:15.0010000", "00:00:01 to 00:00:15, half of \"ReliableMq:Outbox:Lease\"")]
    [InlineData("Broker:ConsumerTimeout", "00:02:59", "00:02:59", "00:03:00 to 7.00:00:00: a third each for waiting, handling, and for holding and settling, where a delivery may be held for half a minute")]
    [InlineData("Broker:ConsumerTimeout", "7.00:00:01", "7.00:00:01", "00:03:00 to 7.00:00:00: a third each for waiting, handling, and for holding and settling, where a delivery may be held for half a minute")]
    [InlineData("Broker:MaxMessageBytes", "0", "0", "1 to 536870912")]
    [InlineData("Broker:MaxMessageBytes", "536870913", "536870913", "1 to 536870912")]
    public void A_value_out_of_range_is_told(string key, string value, string shown, string range) =>
        Configured.Errors((key, value)).ShouldBe([$"\"ReliableMq:{key}\" is {shown}. Use {range}."]);

    [Theory]
    [InlineData("Broker:Heartbeat", "00:00:01")]
    [InlineData("Broker:Heartbeat", "00:00:05")]
    [InlineData("Broker:ConfirmTimeout", "00:00:01")]
    [InlineData("Broker:ConfirmTimeout", "00:00:15")]
    [InlineData("Broker:ConsumerTimeout", "00:03:00")]
    [InlineData("Broker:ConsumerTimeout", "7.00:00:00")]
    [InlineData("Broker:MaxMessageBytes", "1")]
    [InlineData("Broker:MaxMessageBytes", "536870912")]
    public void A_value_at_the_end_of_its_range_is_accepted(string key, string value) => Configured.Errors((key, value)).ShouldBeEmpty();

    [Fact]
    public void A_short_lease_needs_a_short_confirm_timeout_and_heartbeat()
    {
        Configured.Errors(("Outbox:Lease", "00:00:10")).ShouldBe([
            "\"ReliableMq:Broker:Heartbeat\" is 00:00:05. Use 00:00:01 to 00:00:01.6666667, a sixth of \"ReliableMq:Outbox:Lease\": the broker drops a silent connection within three heartbeats, and what a process that was stopped after half a lease still had in its buffers must not arrive when the lease is over.",
            "\"ReliableMq:Broker:ConfirmTimeout\" is 00:00:10. Use 00:00:01 to 00:00:05, half of \"ReliableMq:Outbox:Lease\".",
        ]);
        Configured.Errors(("Outbox:Lease", "00:00:10"), ("Broker:ConfirmTimeout", "00:00:05"), ("Broker:Heartbeat", "00:00:01")).ShouldBeEmpty();
    }

    [Theory]
    [InlineData("rabbit-1:15672")]
    [InlineData("/api")]
    [InlineData("amqp://rabbit-1")]
    [InlineData("")]
    public void A_wrong_address_of_the_management_plugin_is_told(string url) =>
        Configured.Errors(("Broker:ManagementUrl", url)).ShouldBe([
            $"\"ReliableMq:Broker:ManagementUrl\" is \"{url}\", which is not an address. Write it like \"http://rabbit-1:15672\", or leave it out.",
        ]);

    [Theory]
    [InlineData("Broker:VirtualHost", "")]
    [InlineData("Broker:VirtualHost", null)]
    [InlineData("Broker:UserName", " ")]
    public void An_empty_value_is_told(string key, string? value) =>
        Configured.Errors((key, value)).ShouldBe([$"\"ReliableMq:{key}\" is empty. Give a value, or leave it out for the default."]);
}

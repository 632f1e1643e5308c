namespace ReliableMq.Tests.Hosting;

public sealed class OutboxRulesTests
{
    // So that the lease may be as short as it can.
    private static readonly (string, string?) ShortConfirm = ("Broker:ConfirmTimeout", "00:00:01");
    private static readonly (string, string?) ShortHeartbeat = ("Broker:Heartbeat", "00:00:01");

    [Theory]
    [InlineData("Lease", "00:00:09.999", "00:00:09.9990000", "00:00:10 to 00:10:00")]
    [InlineData("Lease", "00:10:01", "00:10:01", "00:00:10 to 00:10:00")]
    [InlineData("Lease", "1h", "01:00:00", "00:00:10 to 00:10:00")]
    [InlineData("PollInterval", "00:00:00.099", "00:00:00.0990000", "00:00:00.1000000 to 00:01:00")]
    [InlineData("PollInterval", "00:01:01", "00:01:01", "00:00:00.1000000 to 00:01:00")]
    [InlineData("ResendInterval", "00:00:00.999", "00:00:00.9990000", "00:00:01 to 1.00:00:00")]
    [InlineData("ResendInterval", "1.00:00:01", "1.00:00:01", "00:00:01 to 1.00:00:00")]
    [InlineData("KeepSent", "00:00:59", "00:00:59", "00:01:00 to 3650.00:00:00")]
    [InlineData("KeepSent", "3650.00:00:01", "3650.00:00:01", "00:01:00 to 3650.00:00:00")]
    [InlineData("BatchSize", "0", "0", "1 to 10000")]
    [InlineData("BatchSize", "10001", "10001", "1 to 10000")]
    [InlineData("MaxUnconfirmed", "0", "0", "1 to 30000")]
    [InlineData("MaxUnconfirmed", "30001", "30001", "1 to 30000")]
    public void A_value_out_of_range_is_told(string key, string value, string shown, string range) =>
        Configured.Errors(ShortConfirm, ShortHeartbeat, ($"Outbox:{key}", value)).ShouldBe([$"\"ReliableMq:Outbox:{key}\" is {shown}. Use {range}."]);

    [Theory]
    [InlineData("Lease", "00:00:10")]
    [InlineData("Lease", "00:10:00")]
    [InlineData("PollInterval", "00:00:00.100")]
    [InlineData("PollInterval", "00:01:00")]
    [InlineData("ResendInterval", "00:00:01")]
    [InlineData("ResendInterval", "1.00:00:00")]
    [InlineData("KeepSent", "00:01:00")]
    [InlineData("KeepSent", "3650.00:00:00")]
    [InlineData("BatchSize", "1")]
    [InlineData("BatchSize", "10000")]
    [InlineData("MaxUnconfirmed", "1")]
    [InlineData("MaxUnconfirmed", "30000")]
    public void A_value_at_the_end_of_its_range_is_accepted(string key, string value) =>
        Configured.Errors(ShortConfirm, ShortHeartbeat, ($"Outbox:{key}", value)).ShouldBeEmpty();
}

using ReliableMq.Broker;

namespace ReliableMq.Tests.Broker;

public sealed class BrokerEndpointsTests
{
    [Theory]
    [InlineData("rabbit", "rabbit", 5672)]
    [InlineData("rabbit:5673", "rabbit", 5673)]
    [InlineData("  rabbit:1  ", "rabbit", 1)]
    [InlineData("rabbit:65535", "rabbit", 65535)]
    [InlineData("rabbit-1.internal.", "rabbit-1.internal.", 5672)]
    [InlineData("rabbit_1:5672", "rabbit_1", 5672)]
    [InlineData("bücher.example", "bücher.example", 5672)]
    [InlineData("10.0.0.1", "10.0.0.1", 5672)]
    [InlineData("10.0.0.1:5673", "10.0.0.1", 5673)]
    [InlineData("::1", "::1", 5672)]
    [InlineData("[::1]", "::1", 5672)]
    [InlineData("[::1]:5673", "::1", 5673)]
    [InlineData("2001:db8::7", "2001:db8::7", 5672)]
    [InlineData("fe80::1%eth0", "fe80::1%eth0", 5672)]
    public void Reads_a_host_with_an_optional_port(string hosts, string host, int port)
    {
        BrokerEndpoints.TryParse(hosts, out var endpoints, out var wrong).ShouldBeTrue();

        wrong.ShouldBeNull();
        endpoints.ShouldHaveSingleItem().HostName.ShouldBe(host);
        endpoints[0].Port.ShouldBe(port);
    }

    [Fact]
    public void Reads_several_hosts_in_order()
    {
        BrokerEndpoints.TryParse("rabbit-1:5673, [::1]:5674,,rabbit-2 ,", out var endpoints, out _).ShouldBeTrue();

        endpoints.Select(endpoint => $"{endpoint.HostName} {endpoint.Port}").ShouldBe(["rabbit-1 5673", "::1 5674", "rabbit-2 5672"]);
    }

    [Theory]
    [InlineData("rabbit:")]
    [InlineData("rabbit:0")]
    [InlineData("rabbit:65536")]
    [InlineData("rabbit:-1")]
    [InlineData("rabbit:+1")]
    [InlineData("rabbit:5 672")]
    [InlineData("rabbit:amqp")]
    [InlineData("rabbit:99999999999")]
    [InlineData(":5672")]
    [InlineData("rabbit:5672:5673")]
    [InlineData("rabbit 1")]
    [InlineData("rabbit..internal")]
    [InlineData("-rabbit")]
    [InlineData("amqp://rabbit")]
    [InlineData("rabbit/vhost")]
    [InlineData("guest@rabbit")]
    [InlineData("guest:guest@rabbit")]
    [InlineData("[]")]
    [InlineData("[]:5672")]
    [InlineData("[::1")]
    [InlineData("[::1]:")]
    [InlineData("[::1]x:5672")]
    [InlineData("[rabbit]:5672")]
    public void Names_the_entry_that_is_wrong(string entry)
    {
        BrokerEndpoints.TryParse($"rabbit-1, {entry}, rabbit-2", out _, out var wrong).ShouldBeFalse();

        wrong.ShouldBe(entry);
    }

    [Theory]
    [InlineData("")]
    [InlineData(" , ,")]
    public void Finds_no_host_in_an_empty_list(string hosts)
    {
        BrokerEndpoints.TryParse(hosts, out var endpoints, out var wrong).ShouldBeFalse();

        endpoints.ShouldBeEmpty();
        wrong.ShouldBeNull();
    }
}

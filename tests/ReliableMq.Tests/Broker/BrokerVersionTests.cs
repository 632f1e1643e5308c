using ReliableMq.Broker;

namespace ReliableMq.Tests.Broker;

public sealed class BrokerVersionTests
{
    private const int MiB = 1024 * 1024;

    [Theory]
    [InlineData("3.10.8", "messages up to 128 MiB by default, no delivery limit where a quorum queue declares none, at-least-once dead-lettering only with the feature flag \"stream_queue\" enabled, no native delayed retry")]
    [InlineData("3.11.0", "messages up to 128 MiB by default, no delivery limit where a quorum queue declares none, at-least-once dead-lettering only with the feature flag \"stream_queue\" enabled, no native delayed retry")]
    [InlineData("3.12.0", "messages up to 128 MiB by default, no delivery limit where a quorum queue declares none, no native delayed retry")]
    [InlineData("4.0.5", "messages up to 16 MiB by default, a delivery limit of 20 where a quorum queue declares none, no native delayed retry")]
    [InlineData("4.3.0-rc.1", "messages up to 16 MiB by default, a delivery limit of 20 where a quorum queue declares none, native delayed retry of quorum queues")]
    [InlineData("5.0.0+abc", "messages up to 16 MiB by default, a delivery limit of 20 where a quorum queue declares none, native delayed retry of quorum queues")]
    [InlineData("unknown", "an unknown version")]
    public void A_version_is_known_by_what_it_brings_and_lacks(string version, string traits) => new BrokerVersion(version).Traits.ShouldBe(traits);

    [Theory]
    [InlineData("3.13.7", 128 * MiB)]
    [InlineData("4.0.0", 16 * MiB)]
    [InlineData("unknown", null)]
    public void A_version_has_a_default_for_the_largest_message(string version, int? bytes) => new BrokerVersion(version).DefaultMaxMessageBytes.ShouldBe(bytes);

    [Theory]
    [InlineData("3.9.29", true)]
    [InlineData("3.10.0", false)]
    [InlineData("3.10.0-alpha", false)]
    [InlineData("4.0.0", false)]
    [InlineData("unknown", false)]
    public void Versions_before_3_10_are_too_old(string version, bool tooOld) => new BrokerVersion(version).IsTooOld.ShouldBe(tooOld);
}

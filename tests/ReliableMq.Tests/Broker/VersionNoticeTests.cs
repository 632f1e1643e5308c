using Microsoft.Extensions.Logging;
using ReliableMq.Broker;
using ReliableMq.TestSupport;

namespace ReliableMq.Tests.Broker;

public sealed class VersionNoticeTests
{
    private readonly CapturingLoggerProvider _logs = new();

    [Fact]
    public void A_version_is_explained_once_and_again_when_it_has_changed()
    {
        var notice = Notice(maxMessageBytes: 1);

        notice.Tell(new BrokerVersion("3.13.0"));
        notice.Tell(new BrokerVersion("3.13.0"));
        notice.Tell(new BrokerVersion("4.0.0"));

        Texts().ShouldBe([
            "RabbitMQ 3.13.0: messages up to 128 MiB by default, no delivery limit where a quorum queue declares none, no native delayed retry.",
            "RabbitMQ 4.0.0: messages up to 16 MiB by default, a delivery limit of 20 where a quorum queue declares none, no native delayed retry.",
        ]);
    }

    [Fact]
    public void A_limit_above_what_the_version_accepts_by_default_is_warned_of()
    {
        Notice(maxMessageBytes: 16_777_217).Tell(new BrokerVersion("4.0.0"));

        Texts().Last().ShouldBe(
            "\"ReliableMq:Broker:MaxMessageBytes\" is 16777217, but RabbitMQ 4.0.0 accepts 16777216 bytes unless its max_message_size was raised. Raise it there, or lower the setting: a message that is too large for the broker closes the channel.");
    }

    [Theory]
    [InlineData("3.13.0", 16_777_217)]
    [InlineData("4.0.0", 16_777_216)]
    [InlineData("unknown", 100_000_000)]
    public void A_limit_that_fits_is_not_warned_of(string version, int maxMessageBytes)
    {
        Notice(maxMessageBytes).Tell(new BrokerVersion(version));

        Texts().ShouldHaveSingleItem();
    }

    [Fact]
    public void A_version_that_is_too_old_is_refused() =>
        Should.Throw<ReliableMqException>(() => Notice(1).Tell(new BrokerVersion("3.9.29"))).Message.ShouldBe(
            "RabbitMQ \"3.9.29\" is too old: ReliableMq needs 3.10 or later. Upgrade the broker.");

    private VersionNotice Notice(int maxMessageBytes) => new(new BrokerOptions { MaxMessageBytes = maxMessageBytes }, _logs.CreateLogger("broker"));

    private IEnumerable<string> Texts() => _logs.Entries.Select(entry => entry.Message);
}

using RabbitMQ.Client;
using RabbitMQ.Client.Events;
using ReliableMq.Broker;

namespace ReliableMq.Tests.Broker;

public sealed class ProtocolErrorsTests
{
    [Theory]
    [InlineData("Peer", 501, true)] // frame error
    [InlineData("Peer", 502, true)] // syntax error
    [InlineData("Peer", 503, true)] // command invalid
    [InlineData("Peer", 504, true)] // channel error
    [InlineData("Peer", 505, true)] // unexpected frame
    [InlineData("Peer", 200, false)] // closed in good order
    [InlineData("Peer", 320, false)] // closed by an operator
    [InlineData("Peer", 404, false)]
    [InlineData("Peer", 406, false)]
    [InlineData("Peer", 530, false)] // not allowed
    [InlineData("Peer", 541, false)] // internal error
    [InlineData("Library", 501, false)]
    [InlineData("Application", 501, false)]
    public void A_connection_that_the_broker_closes_over_what_it_was_sent_makes_suspects(string initiator, int code, bool contains) =>
        ProtocolErrors.Contains(new ShutdownEventArgs(Enum.Parse<ShutdownInitiator>(initiator), (ushort)code, "reason")).ShouldBe(contains);

    [Fact]
    public void A_connection_without_a_reason_makes_none() => ProtocolErrors.Contains(null).ShouldBeFalse();
}

using RabbitMQ.Client;
using ReliableMq.Inbox;

namespace ReliableMq.Tests.Inbox;

public sealed class HorizonTests
{
    private static readonly DateTimeOffset Forgotten = new(2025, 1, 2, 3, 4, 5, TimeSpan.Zero);

    [Theory]
    [InlineData(-1, true)]
    [InlineData(0, true)]
    [InlineData(3_600_000, true)]
    [InlineData(3_600_001, false)]
    public void A_message_is_too_old_until_an_hour_after_what_was_forgotten(long millisecondsLater, bool tooOld) =>
        Horizon.IsTooOld(Some.DeliveryWith(MessageHeaders.SentAt, Forgotten.ToUnixTimeMilliseconds() + millisecondsLater), Forgotten).ShouldBe(tooOld);

    [Fact]
    public void Nothing_is_too_old_where_nothing_was_forgotten() =>
        Horizon.IsTooOld(Some.DeliveryWith(MessageHeaders.SentAt, 0L), forgottenUntil: null).ShouldBeFalse();

    [Fact]
    public void A_message_that_tells_no_time_is_taken_as_new() => Horizon.IsTooOld(Some.Delivery(), Forgotten).ShouldBeFalse();

    [Fact]
    public void A_foreign_message_tells_it_by_its_timestamp() =>
        Horizon.IsTooOld(Some.Delivery(new BasicProperties { Timestamp = new AmqpTimestamp(Forgotten.ToUnixTimeSeconds() + 3_600) }), Forgotten).ShouldBeTrue();
}

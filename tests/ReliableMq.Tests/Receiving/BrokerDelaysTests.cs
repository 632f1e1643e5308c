using Microsoft.Extensions.Logging;
using RabbitMQ.Client;
using ReliableMq.Receiving;
using ReliableMq.TestSupport;

namespace ReliableMq.Tests.Receiving;

public sealed class BrokerDelaysTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly ManualTimeProvider _time = new();
    private readonly CapturingLoggerProvider _logs = new();
    private readonly BrokerDelays _delays;

    public BrokerDelaysTests() => _delays = new BrokerDelays("billing", new DelayedRetry(Second, 3 * Second), _time, _logs.CreateLogger("test"));

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 2)]
    [InlineData(2, 3)]
    [InlineData(3, 3)]
    [InlineData(int.MaxValue, 3)]
    public void The_broker_delays_longer_each_time_up_to_the_longest(int returns, int seconds) => new DelayedRetry(Second, 3 * Second).After(returns).ShouldBe(seconds * Second);

    [Theory]
    [InlineData(0, 1000, true)]
    [InlineData(0, 999, false)]
    [InlineData(2, 3000, true)]
    [InlineData(2, 2999, false)]
    public void The_broker_is_used_where_it_delays_for_no_longer_than_is_to_be_waited(int returns, int wait, bool used) =>
        _delays.TryUse(Returned("a", returns), TimeSpan.FromMilliseconds(wait)).ShouldBe(used);

    [Fact]
    public void What_has_no_id_is_held() => _delays.TryUse(Some.Delivery(), 10 * Second).ShouldBeFalse();

    [Fact]
    public void A_broker_that_delays_is_used_again()
    {
        _delays.TryUse(Returned("a", 0), 10 * Second).ShouldBeTrue();
        _time.Advance(Second);
        _delays.TryUse(Returned("a", 1), 9 * Second).ShouldBeTrue();
        _time.Advance(2 * Second);
        _delays.TryUse(Returned("a", 2), 7 * Second).ShouldBeTrue();
        _logs.Entries.ShouldBeEmpty();
    }

    [Fact]
    public void A_broker_that_does_not_is_not_used_again_and_that_is_told_once()
    {
        _delays.TryUse(Returned("a", 0), 10 * Second).ShouldBeTrue();
        _delays.TryUse(Returned("b", 0), 10 * Second).ShouldBeTrue();
        _time.Advance(TimeSpan.FromMilliseconds(10));
        _delays.TryUse(Returned("a", 1), 10 * Second).ShouldBeFalse();
        _delays.TryUse(Returned("b", 1), 10 * Second).ShouldBeFalse();
        _delays.TryUse(Returned("c", 0), 10 * Second).ShouldBeFalse();

        _logs.Entries.Select(entry => (entry.EventId.Id, entry.Level, entry.Message)).ShouldBe([(4015, LogLevel.Warning,
            "The broker does not delay what is returned to \"billing\": the queue was declared without its DelayedRetry, or a policy switches it off. Deliveries are held in the process instead.")]);
    }

    [Fact]
    public void A_queue_that_does_not_even_count_is_found_out_too()
    {
        _delays.TryUse(Returned("a", 0), 10 * Second).ShouldBeTrue();
        _time.Advance(TimeSpan.FromMilliseconds(10));
        _delays.TryUse(Returned("a", 0, redelivered: true), 10 * Second).ShouldBeFalse();
        _logs.Entries.Count.ShouldBe(1);
    }

    [Fact]
    public void Another_copy_of_a_returned_message_says_nothing_about_the_broker()
    {
        var before = Returned("a", 1);
        _time.Advance(TimeSpan.FromMilliseconds(10));
        _delays.TryUse(Returned("a", 1), 10 * Second).ShouldBeTrue();
        _delays.TryUse(before, 10 * Second).ShouldBeTrue();
        _time.Advance(TimeSpan.FromMilliseconds(10));
        _delays.TryUse(Returned("a", 0), 10 * Second).ShouldBeTrue();
        _logs.Entries.ShouldBeEmpty();
    }

    [Fact]
    public void What_was_not_returned_after_all_says_nothing_about_the_broker()
    {
        var holds = new HoldBudget(10, _delays);
        var delivery = Returned("a", 0);
        holds.TryHold(delivery, 10 * Second, out var held).ShouldBeTrue();
        held.ShouldBe(Settlement.Return);
        holds.Return(delivery, held);
        _time.Advance(TimeSpan.FromMilliseconds(10));
        _delays.TryUse(Returned("a", 1), 10 * Second).ShouldBeTrue();
        _logs.Entries.ShouldBeEmpty();
    }

    private Delivery Returned(string id, int returns, bool? redelivered = null) => Delivery.From("billing", 7, redelivered ?? returns > 0, "orders", "a.b",
        new BasicProperties { MessageId = id, Headers = returns == 0 ? null : new Dictionary<string, object?> { ["x-delivery-count"] = (long)returns } }, new byte[] { 1 }, _time);
}

using ReliableMq.Dispatching;
using ReliableMq.TestSupport;

namespace ReliableMq.Tests.Dispatching;

public sealed class ClaimHorizonTests
{
    private static readonly DateTime Now = new(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc);

    private readonly ManualTimeProvider _time = new();
    private readonly ClaimHorizon _horizon;

    public ClaimHorizonTests() => _horizon = new ClaimHorizon(_time);

    [Fact]
    public void The_first_look_is_at_everything() => _horizon.Next().ShouldBe(DateTime.UnixEpoch);

    [Fact]
    public void The_next_look_leaves_out_what_was_looked_through_but_for_a_moment()
    {
        Look();

        _horizon.Next().ShouldBe(Now - TimeSpan.FromSeconds(10));
    }

    [Fact]
    public void A_look_that_left_something_due_is_repeated_from_where_it_began()
    {
        Look(tookAll: false);
        _horizon.Next().ShouldBe(DateTime.UnixEpoch);

        Look();
        _horizon.Looked(Now + TimeSpan.FromSeconds(5), tookAll: false);
        _horizon.Next().ShouldBe(Now - TimeSpan.FromSeconds(10));
    }

    [Fact]
    public void Everything_is_looked_at_once_a_minute()
    {
        Look();
        _time.Advance(TimeSpan.FromSeconds(59));
        Look();
        _horizon.Next().ShouldBe(Now - TimeSpan.FromSeconds(10));

        _time.Advance(TimeSpan.FromSeconds(1));
        _horizon.Next().ShouldBe(DateTime.UnixEpoch);
    }

    [Fact]
    public void Everything_is_looked_at_when_asked_for()
    {
        Look();
        _horizon.LookAtAll();

        _horizon.Next().ShouldBe(DateTime.UnixEpoch);
    }

    private void Look(bool tookAll = true)
    {
        _horizon.Next();
        _horizon.Looked(Now, tookAll);
    }
}

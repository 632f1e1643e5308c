using ReliableMq.Dispatching;
using ReliableMq.Storage;
using ReliableMq.TestSupport;

namespace ReliableMq.Tests.Dispatching;

public sealed class OpenHandOversTests
{
    private static readonly Guid First = Guid.CreateVersion7();
    private static readonly Guid Second = Guid.CreateVersion7();
    private static readonly TimeSpan Usual = TimeSpan.FromMilliseconds(5);

    private readonly ManualTimeProvider _time = new();
    private readonly OpenHandOvers _open;

    public OpenHandOversTests() => _open = new OpenHandOvers(lease: TimeSpan.FromSeconds(10), _time);

    [Fact]
    public void Nobody_is_missed_at_first()
    {
        _open.Wait.ShouldBeNull();
        _open.TakeDue().Ids.ShouldBeEmpty();
    }

    [Fact]
    public void Ids_are_looked_for_when_their_owner_has_had_time_to_commit()
    {
        _open.Add(new HandOver([First, Second], []));

        _open.Wait.ShouldBe(Usual);
        _open.TakeDue().Ids.ShouldBeEmpty();
        _time.Advance(Usual);
        _open.TakeDue().Ids.ShouldBe([First, Second]);
    }

    [Fact]
    public void What_is_found_is_not_looked_for_again()
    {
        _open.Add(new HandOver([First, Second], []));
        _time.Advance(Usual);

        Look(found: [First]);
        _time.Advance(TimeSpan.FromSeconds(1));
        _open.TakeDue().Ids.ShouldBe([Second]);

        Look(found: [Second]);
        _open.Wait.ShouldBeNull();
    }

    [Fact]
    public void What_is_found_because_it_was_handed_over_once_more_is_not_looked_for_again()
    {
        _open.Add(new HandOver([First, Second], []));

        // Before its time has come.
        Look(found: [First]);

        _time.Advance(Usual);
        _open.TakeDue().Ids.ShouldBe([Second]);
    }

    [Fact]
    public void Nobody_is_waited_for_when_all_were_found_before_their_time()
    {
        _open.Add(new HandOver([First], []));

        Look(found: [First]);

        _open.Wait.ShouldBeNull();
    }

    [Fact]
    public void What_is_missing_is_looked_for_at_growing_intervals_until_its_lease_has_run_out()
    {
        _open.Add(new HandOver([First], []));
        var waits = new List<double>();
        while (_open.Wait is { } wait)
        {
            waits.Add(wait.TotalMilliseconds);
            _time.Advance(wait);
            _open.TakeDue().Ids.ShouldBe([First]);
            Look(found: []);
        }

        waits[..9].ShouldBe([5, 10, 20, 40, 80, 160, 320, 640, 1_000]);
        waits[9..].ShouldAllBe(wait => wait == 1_000);
        waits.Sum().ShouldBeInRange(10_000, 11_000);
    }

    [Fact]
    public void Each_hand_over_has_times_of_its_own()
    {
        _open.Add(new HandOver([First], []));
        _time.Advance(Usual);
        Look(found: []);
        _open.Add(new HandOver([Second], []));
        _time.Advance(Usual);
        _open.TakeDue().Ids.ShouldBe([Second]);
        Look(found: []);

        _open.Wait.ShouldBe(TimeSpan.FromMilliseconds(5));
        _time.Advance(TimeSpan.FromMilliseconds(5));
        _open.TakeDue().Ids.ShouldBe([First]);
    }

    [Fact]
    public void Ordering_keys_are_looked_for_like_ids()
    {
        _open.Add(new HandOver([First], ["a", "b"]));
        _time.Advance(Usual);
        _open.TakeDue().Keys.ShouldBe(["a", "b"]);

        Look([First], "a");
        _time.Advance(TimeSpan.FromSeconds(1));
        _open.TakeDue().Keys.ShouldBe(["b"]);

        Look([], "b");
        _open.Wait.ShouldBeNull();
    }

    [Fact]
    public void What_is_in_the_order_of_a_key_is_looked_for_by_its_own_id()
    {
        _open.Add(new HandOver([], []) { Ordered = [new OrderedId(First, "a"), new OrderedId(Second, "a")] });
        _time.Advance(Usual);
        _open.TakeDue().Ordered.ShouldBe([new OrderedId(First, "a"), new OrderedId(Second, "a")]);

        // That the key is held says nothing of these.
        Look([First], "a");
        _time.Advance(TimeSpan.FromSeconds(1));
        _open.TakeDue().Ordered.ShouldBe([new OrderedId(Second, "a")]);

        Look([Second]);
        _open.Wait.ShouldBeNull();
    }

    private void Look(Guid[] found, params string[] keys) => _open.Looked(found.ToHashSet(), keys.ToHashSet());
}

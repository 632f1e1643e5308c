using ReliableMq.Broker.Topology;

namespace ReliableMq.Tests.Broker.Topology;

public sealed class TopologyStateTests
{
    private readonly TopologyState _state = new();
    private readonly List<TopologyReport> _told = [];

    public TopologyStateTests() => _state.Changed += _told.Add;

    [Fact]
    public void Each_change_is_told_once()
    {
        _state.Set(Report("a")).ShouldBeTrue();
        _state.Set(Report("a")).ShouldBeFalse();
        _state.Set(Report("a", "b")).ShouldBeTrue();
        _state.Set(Report()).ShouldBeTrue();
        _state.Set(Report()).ShouldBeFalse();

        _told.Select(report => report.Differences.Count).ShouldBe([1, 2, 0]);
        _state.Current.ShouldBe(_told[^1]);
    }

    [Fact]
    public void What_could_not_be_checked_is_a_change_too()
    {
        _state.Set(Report());

        _state.Set(new TopologyReport([], ["Bindings were not checked."])).ShouldBeTrue();
        _state.Current!.Notes.ShouldBe(" Bindings were not checked.");
    }

    private static TopologyReport Report(params string[] what) => new([.. what.Select(thing => new TopologyDifference(thing, "", "", ""))], []);
}

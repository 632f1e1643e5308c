using ReliableMq.Broker.Topology;

namespace ReliableMq.Tests.Broker.Topology;

public sealed class TopologyStateTests
{
    private readonly TopologyState _state = new();

    [Fact]
    public void A_report_is_news_when_it_says_something_else()
    {
        _state.Set(Report("a")).ShouldBeTrue();
        _state.Set(Report("a")).ShouldBeFalse();
        _state.Set(Report("a", "b")).ShouldBeTrue();
        _state.Set(Report()).ShouldBeTrue();
        _state.Set(Report()).ShouldBeFalse();

        _state.Current!.Differences.ShouldBeEmpty();
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

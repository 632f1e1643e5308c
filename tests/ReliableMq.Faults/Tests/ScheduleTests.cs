using ReliableMq.Faults.Nemesis;
using Shouldly;
using Xunit;

namespace ReliableMq.Faults.Tests;

public sealed class ScheduleTests
{
    private static readonly TimeSpan TwoMinutes = TimeSpan.FromMinutes(2);

    [Fact]
    public void A_seed_gives_the_same_schedule_every_time() =>
        Schedule.For(7, TwoMinutes, FaultCatalog.Default).ShouldBe(Schedule.For(7, TwoMinutes, FaultCatalog.Default));

    [Fact]
    public void Faults_come_as_seldom_as_asked_for_and_not_at_all_without_any()
    {
        var hour = TimeSpan.FromHours(1);
        var gentle = Schedule.For(1, hour, FaultCatalog.Gentle, TimeSpan.FromSeconds(40));
        gentle.Count.ShouldBeInRange(120, 240);
        gentle.Zip(gentle.Skip(1)).ShouldAllBe(pair => pair.Second.At - pair.First.At <= TimeSpan.FromSeconds(41));
        Schedule.For(1, hour, FaultCatalog.Choose("none")).ShouldBeEmpty();
    }

    [Fact]
    public void Another_seed_gives_another_schedule() =>
        Schedule.For(8, TwoMinutes, FaultCatalog.Default).ShouldNotBe(Schedule.For(7, TwoMinutes, FaultCatalog.Default));

    [Fact]
    public void Faults_of_one_victim_never_overlap()
    {
        foreach (var victim in Enumerable.Range(1, 100).SelectMany(seed => Schedule.For(seed, TwoMinutes, FaultCatalog.Default).GroupBy(step => (seed, step.Kind.Victim))))
        {
            foreach (var (before, after) in victim.Zip(victim.Skip(1)))
            {
                after.At.ShouldBeGreaterThan(before.At + before.Lasting);
            }
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void All_faults_have_their_turn_within_a_few_seeds(bool cluster) =>
        Enumerable.Range(1, 5).SelectMany(seed => Schedule.For(seed, TwoMinutes, FaultCatalog.DefaultOf(cluster))).Select(step => step.Kind.Name).Distinct()
            .Order().ShouldBe(FaultCatalog.DefaultOf(cluster).Order());

    [Fact]
    public void Faults_that_take_confirmed_messages_away_are_chosen_only_by_name()
    {
        FaultCatalog.Default.ShouldNotContain("wipe-broker");
        FaultCatalog.Default.ShouldNotContain("delete-queue");
        FaultCatalog.Choose("+wipe-broker").ShouldBe([.. FaultCatalog.Default, "wipe-broker"]);
        FaultCatalog.Choose("-kill-broker").ShouldBe(FaultCatalog.Default.Except(["kill-broker"]));
        FaultCatalog.Choose("kill-broker,kill-consumer").ShouldBe(["kill-broker", "kill-consumer"]);
    }
}

using ReliableMq.Faults.Nemesis;
using Shouldly;
using Xunit;

namespace ReliableMq.Faults.Tests;

public sealed class ArgumentsTests
{
    [Fact]
    public void Seeds_time_and_versions_are_read()
    {
        var arguments = Arguments.Parse(["--seeds", "3..5", "--minutes", "0.5", "--rabbitmq", "4.3", "--postgres", "18", "--patience", "30", "--resume"]);
        arguments.Seeds.ShouldBe([3, 4, 5]);
        arguments.Duration.ShouldBe(TimeSpan.FromSeconds(30));
        (arguments.RabbitMq, arguments.Postgres, arguments.Patience, arguments.Resume).ShouldBe(("4.3", "18", TimeSpan.FromSeconds(30), true));
    }

    [Fact]
    public void Mutants_are_all_or_those_named()
    {
        Arguments.Parse([]).Mutants.ShouldBeNull();
        Arguments.Parse(["--mutants"]).Mutants.ShouldBe([]);
        Arguments.Parse(["--mutants", "no-inbox,no-mandatory", "--resume"]).Mutants.ShouldBe(["no-inbox", "no-mandatory"]);
    }

    [Fact]
    public void A_soak_takes_an_hour_and_connects_anew_unless_told_otherwise()
    {
        Arguments.Parse([]).Soak.ShouldBeFalse();
        var arguments = Arguments.Parse(["--soak"]);
        (arguments.Soak, arguments.Duration, arguments.Leaks.Count).ShouldBe((true, TimeSpan.FromHours(1), 0));
        arguments.Faults.ShouldBe(["close-connections", "end-backends", "reset-broker-line", "reset-database-line"]);
        arguments = Arguments.Parse(["--soak", "--minutes", "6", "--faults", "none", "--leak", "heap,rows"]);
        (arguments.Duration, arguments.Faults.Count).ShouldBe((TimeSpan.FromMinutes(6), 0));
        arguments.Leaks.ShouldBe(["heap", "rows"]);
    }

    [Fact]
    public void A_cluster_has_faults_of_its_own_wherever_it_is_asked_for()
    {
        Arguments.Parse([]).Faults.ShouldBe(FaultCatalog.Default);
        Arguments.Parse(["--cluster"]).Faults.ShouldBe(FaultCatalog.DefaultOf(cluster: true));
        Arguments.Parse(["--faults", "-kill-leader", "--cluster"]).Faults.ShouldBe(FaultCatalog.DefaultOf(cluster: true).Except(["kill-leader"]));
        FaultCatalog.DefaultOf(cluster: true).Except(FaultCatalog.Default).ShouldBe(
            ["kill-leader", "kill-node", "stop-node", "freeze-node", "cut-off-node", "kill-majority", "freeze-majority"]);
    }

    [Theory]
    [InlineData("--faults cut-off-node", "The fault 'cut-off-node' needs a cluster. Add --cluster, or leave it out.")]
    [InlineData("--cluster --faults +wipe-broker", "The fault 'wipe-broker' needs a single broker. Leave out --cluster or the fault.")]
    public void A_fault_that_cannot_happen_to_this_broker_is_refused(string text, string error) =>
        Should.Throw<FormatException>(() => Arguments.Parse(text.Split(' '))).Message.ShouldBe(error);

    [Theory]
    [InlineData("--soak --minutes 5", "'--soak' needs '--minutes 6' or more: what is kept for a minute must have become steady within the first third.")]
    [InlineData("--leak heap", "'--leak' goes with '--soak' only.")]
    [InlineData("--soak --leak oil", "'--leak oil' is not known. Use heap, handles, timers, connections, rows.")]
    [InlineData("--seeds 5", "'--seeds 5' is no range. Use one such as 1..20.")]
    [InlineData("--seeds 5..3", "'--seeds 3' is not right. Use a whole number from 5.")]
    [InlineData("--seed x", "'--seed x' is not right. Use a whole number from 0.")]
    [InlineData("--seed", "'--seed' lacks its value.")]
    [InlineData("--minutes 0", "'--minutes 0' is no time. Use a number above 0, such as 2 or 0.5.")]
    [InlineData("--rabbitmq 3.9", "'--rabbitmq 3.9' is not known. Use 3.10, 4.0, 4.3.")]
    [InlineData("--frog", "Unknown option '--frog'.")]
    public void A_wrong_argument_is_refused_with_the_remedy(string text, string error) =>
        Should.Throw<FormatException>(() => Arguments.Parse(text.Split(' '))).Message.ShouldBe($"{error}\n{Arguments.Usage}");

    [Fact]
    public void An_unknown_fault_is_refused_with_those_there_are() =>
        Should.Throw<FormatException>(() => Arguments.Parse(["--faults", "rain"])).Message.ShouldStartWith("There is no fault 'rain'. The faults are kill-producer, ");
}

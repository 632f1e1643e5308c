using System.Diagnostics;
using ReliableMq.Faults.Checking;
using ReliableMq.Faults.Mutants;
using ReliableMq.Faults.Nemesis;
using ReliableMq.Faults.Running;
using Shouldly;
using Xunit;

namespace ReliableMq.Faults.Tests;

public sealed class MutantTests
{
    public static TheoryData<string> Names => [.. Mutant.All.Select(mutant => mutant.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Every_mutant_applies_to_the_library_as_it_is(string name)
    {
        using var git = Process.Start(new ProcessStartInfo("git", ["apply", "--check", Path.Combine("tests", "ReliableMq.Faults", "Mutants", $"{name}.patch")])
        {
            WorkingDirectory = Checkout.Root, RedirectStandardError = true,
        })!;
        var errors = await git.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await git.WaitForExitAsync(TestContext.Current.CancellationToken);
        git.ExitCode.ShouldBe(0, $"write the patch '{name}' anew: {errors}");
    }

    [Fact]
    public void Every_patch_is_a_mutant_with_faults_that_reveal_it()
    {
        Directory.EnumerateFiles(Path.Combine(Checkout.Root, "tests", "ReliableMq.Faults", "Mutants"), "*.patch").Select(file => Path.GetFileNameWithoutExtension(file)!)
            .Order().ShouldBe(Mutant.All.Select(mutant => mutant.Name).Order());
        Mutant.All.ShouldAllBe(mutant => FaultCatalog.Choose(mutant.Faults).Count > 0 && mutant.Rules.Count > 0);
    }

    [Fact]
    public void A_mutant_is_caught_by_what_it_breaks_and_by_nothing_else()
    {
        var mutant = new Mutant("no-inbox", "kill-consumer", Rule.HandledTwice);
        Finding twice = new(Rule.HandledTwice, "a"), left = new(Rule.LeftOver, "b");
        mutant.FirstIn([left, twice]).ShouldBe(twice);
        mutant.FirstIn([left]).ShouldBeNull();
    }
}

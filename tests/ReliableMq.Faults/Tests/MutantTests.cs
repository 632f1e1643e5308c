using System.Diagnostics;
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
        Mutant.All.ShouldAllBe(mutant => FaultCatalog.Choose(mutant.Faults).Count > 0);
    }
}

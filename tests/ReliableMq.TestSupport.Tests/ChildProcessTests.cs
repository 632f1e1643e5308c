using System.Globalization;
using Xunit;

namespace ReliableMq.TestSupport.Tests;

public class ChildProcessTests
{
    private const int KilledBySignal = 137;

    [Fact]
    public async Task A_NET_program_runs_and_its_words_are_kept()
    {
        await using var child = ChildProcess.StartDotNet(
            ChildProgram.Path, ["child", "hello"], new Dictionary<string, string?> { ["CHILD_GREETING"] = "from outside" });

        (await child.WaitForExitAsync()).ShouldBe(3);

        child.Output.Order().ShouldBe(["from outside", "hello"]);
    }

    [Fact]
    public async Task Terminate_lets_it_end_by_itself()
    {
        await using var child = ChildProcess.StartDotNet(ChildProgram.Path, ["child", "polite"]);
        await child.WaitForLineAsync(line => line == "ready");

        child.Terminate();

        await child.WaitForLineAsync(line => line == "goodbye");
        (await child.WaitForExitAsync()).ShouldBe(7);
    }

    [Fact]
    public async Task Kill_gives_it_no_last_word()
    {
        await using var child = ChildProcess.StartDotNet(ChildProgram.Path, ["child", "polite"]);
        await child.WaitForLineAsync(line => line == "ready");

        child.Kill();

        (await child.WaitForExitAsync()).ShouldBe(KilledBySignal);
        child.Output.ShouldBe(["ready"]);
    }

    [Fact]
    public async Task Frozen_it_says_nothing_until_it_is_resumed()
    {
        await using var child = ChildProcess.Start("cat", []);
        await child.WriteLineAsync("one");
        await child.WaitForLineAsync(line => line == "one");

        child.Freeze();
        await child.WriteLineAsync("two");
        await Consistently.EqualAsync(TimeSpan.FromMilliseconds(150), 1, () => child.Output.Count, "lines of a frozen cat");

        child.Resume();
        await child.WaitForLineAsync(line => line == "two");
    }

    [Fact]
    public async Task A_line_that_cannot_come_any_more_fails_at_once()
    {
        await using var child = ChildProcess.Start("sh", ["-c", "echo no license; exit 4"]);

        var error = await Assert.ThrowsAsync<ShouldAssertException>(() => child.WaitForLineAsync(line => line == "ready"));

        error.Message.ShouldContain("ended without writing the awaited line");
        error.Message.ShouldContain("no license");
        child.ExitCode.ShouldBe(4);
    }

    [Fact]
    public async Task Disposing_ends_it_and_what_it_has_started()
    {
        var child = ChildProcess.Start("sh", ["-c", "sleep 600 & echo $!; wait"]);
        var grandchild = int.Parse(await child.WaitForLineAsync(_ => true), CultureInfo.InvariantCulture);

        await child.DisposeAsync();

        await Eventually.TrueAsync(() => !ProcessState.IsRunning(grandchild), "grandchild gone");
    }

    [Fact]
    public async Task It_dies_with_its_parent_even_when_that_is_killed()
    {
        await using var parent = ChildProcess.StartDotNet(ChildProgram.Path, ["child", "parent"]);
        var child = int.Parse(await parent.WaitForLineAsync(_ => true), CultureInfo.InvariantCulture);
        ProcessState.IsRunning(child).ShouldBeTrue();

        parent.Kill();

        await Eventually.TrueAsync(() => !ProcessState.IsRunning(child), "child gone");
    }
}

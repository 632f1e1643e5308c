using ReliableMq.Faults.Checking;
using ReliableMq.Faults.Running;
using ReliableMq.TestSupport;
using Shouldly;
using Xunit;

namespace ReliableMq.Faults.Tests;

public sealed class IdlenessTests
{
    [Fact]
    public async Task A_process_that_goes_round_without_a_pause_is_found()
    {
        var folder = Directory.CreateTempSubdirectory("idleness-");
        using var history = new History(folder.FullName);
        using var enough = new CancellationTokenSource();
        await using var busy = Slot("busy", "while :; do :; done", history);
        await using var idle = Slot("idle", "sleep 600", history);
        var supervising = Task.WhenAll(busy.SuperviseAsync(enough.Token), idle.SuperviseAsync(enough.Token));
        await Eventually.TrueAsync(() => busy.Work is not null && idle.Work is not null, "both run");
        var idleness = new Idleness([busy, idle]);

        idleness.Begin();
        var before = busy.Work!.Value.Used;
        await Eventually.TrueAsync(() => busy.Work!.Value.Used - before > TimeSpan.FromSeconds(1), "it has used a second");
        var (shares, findings) = idleness.End();

        shares.Count.ShouldBe(2);
        shares[1].ShouldBeLessThan(0.05);
        var finding = findings.ShouldHaveSingleItem();
        finding.Rule.ShouldBe(Rule.Busy);
        finding.Text.ShouldMatch("^busy used [0-9]+.?% of a processor for [0-9]+ s, though nothing was left to do$");
        finding.MayPass.ShouldBeFalse();
        await enough.CancelAsync();
        await supervising;
        folder.Delete(recursive: true);
    }

    private static ProcessSlot Slot(string name, string script, History history) => new(name, _ => ChildProcess.Start("sh", ["-c", script]), history);
}

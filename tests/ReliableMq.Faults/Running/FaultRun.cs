using ReliableMq.Faults.Checking;
using ReliableMq.Faults.Nemesis;

namespace ReliableMq.Faults.Running;

/// <summary>One seed: set the stage, torment it, let it come to rest, judge.</summary>
internal sealed class FaultRun(Arguments arguments, int seed, string folder, History history)
{
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan SoundInterval = TimeSpan.FromSeconds(10);

    /// <summary>A row of a process that was killed may wait for its next attempt for minutes; an operator does not.</summary>
    private static readonly TimeSpan OperatorsPatience = TimeSpan.FromSeconds(40);

    public async Task<Verdict> RunAsync()
    {
        var schedule = Schedule.For(seed, arguments.Duration, arguments.Faults);
        await File.WriteAllLinesAsync(Path.Combine(folder, "schedule.txt"), schedule.Select(step => step.ToString()));
        history.Say($"seed {seed}, {schedule.Count} faults in {arguments.Duration.TotalSeconds:0} s");
        foreach (var step in schedule)
        {
            Console.WriteLine($"         {step}");
        }

        await using var stage = await Stage.SetAsync(arguments, seed, folder, history);
        var witness = new Witness(stage, folder);
        using var enough = new CancellationTokenSource();
        history.Say("the workload runs");
        var tormentor = new Tormentor(stage);
        var tormenting = tormentor.RunAsync(schedule, arguments.Duration, enough.Token);
        var pacing = StopInTimeAsync(stage, enough.Token);
        while (!tormenting.IsCompleted || !pacing.IsCompleted)
        {
            await Task.WhenAny(Task.WhenAll(tormenting, pacing), Task.Delay(SoundInterval, TimeProvider.System, CancellationToken.None));
            var sofar = Checker.Check(await witness.LookAsync());
            history.Say($"{sofar.Committed} committed, {sofar.Effects} effects, {sofar.Findings.Count(finding => finding.MayPass)} to be handled");
            if (sofar.Findings.Any(finding => !finding.MayPass))
            {
                // Nothing that comes can mend it.
                await enough.CancelAsync();
                break;
            }
        }

        await tormenting;
        history.Say("the last fault is healed");
        await pacing;
        var rest = new Rest(stage, witness, history, arguments.Patience);
        var outcome = await rest.ComeAsync();
        return new Verdict(seed, tormentor.Injected, rest.Took, stage.Producers.Concat(stage.Consumers).Sum(slot => slot.Deaths), outcome);
    }

    /// <summary>Also where the last faults take longer than they should: else a busy machine would be given more to do than it can.</summary>
    private async Task StopInTimeAsync(Stage stage, CancellationToken enough)
    {
        await Task.Delay(arguments.Duration, TimeProvider.System, enough).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await stage.StopStoringAsync();
    }

    /// <summary>Waits until nothing is left to do, or nothing gets better any more.</summary>
    private sealed class Rest(Stage stage, Witness witness, History history, TimeSpan patience)
    {
        public TimeSpan Took { get; private set; }

        public async Task<Outcome> ComeAsync()
        {
            var began = history.Elapsed;
            var better = began;
            var best = int.MaxValue;
            var asked = TimeSpan.Zero;
            await using var dashboard = await DashboardCounts.StartAsync(stage.Sending, stage.Handling);
            while (true)
            {
                var outcome = Checker.Check(await witness.LookAsync());
                if (outcome.Findings.All(finding => finding.MayPass) && outcome.TakenByFaults == 0)
                {
                    outcome = outcome with { Findings = [.. outcome.Findings, .. await new LeftOvers(stage.Sending, stage.Handling, stage.VirtualHost).LookAsync()] };
                }

                if (outcome.Findings.Count == 0)
                {
                    outcome = outcome with { Findings = await dashboard.LookAsync() };
                }

                Took = history.Elapsed - began;
                if (outcome.Findings.Count == 0 || outcome.Findings.Any(finding => !finding.MayPass))
                {
                    return outcome;
                }

                // Ten effects more and ten messages less in a queue is better; the sum tells it.
                var left = outcome.Findings.Sum(finding => finding.Rule == Rule.LeftOver ? 1 : 3);
                if (left < best)
                {
                    (best, better) = (left, history.Elapsed);
                }

                history.Say($"waiting for {outcome.Findings.Count} things, such as {outcome.Findings[0]}");
                if (history.Elapsed - better > patience)
                {
                    return outcome;
                }

                if (history.Elapsed - better > OperatorsPatience && history.Elapsed - asked > OperatorsPatience)
                {
                    history.Say("the operator has everything sent that waits for its next attempt");
                    asked = history.Elapsed;
                    await stage.SendNowAsync();
                }

                await Task.Delay(LookInterval, TimeProvider.System, CancellationToken.None);
            }
        }
    }
}

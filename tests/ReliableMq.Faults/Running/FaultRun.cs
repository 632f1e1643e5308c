using ReliableMq.Faults.Checking;
using ReliableMq.Faults.Nemesis;

namespace ReliableMq.Faults.Running;

/// <summary>One seed: set the stage, torment it, let it come to rest, judge.</summary>
internal sealed class FaultRun(Arguments arguments, int seed, string folder, History history)
{
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan SoundInterval = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan CountBeforeEnd = TimeSpan.FromSeconds(10);
    private const int Looks = 3;

    /// <summary>With fewer faults, or less time, some things need not happen.</summary>
    private bool IsWhole => arguments.Duration >= TimeSpan.FromMinutes(1) && arguments.Faults.SequenceEqual(FaultCatalog.DefaultOf(arguments.Cluster).Where(CanBe));

    /// <summary>One of the usual faults is left out where its file system may not be mounted.</summary>
    private bool CanBe(string fault) => fault != FillDatabaseDisk.Name || arguments.Faults.Contains(fault);

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
        var rest = new Rest(stage, witness, history, arguments);
        var outcome = await rest.ComeAsync();
        var deaths = stage.Producers.Concat(stage.Consumers).Sum(slot => slot.Deaths);
        var further = new List<Finding>(await pacing);
        further.AddRange(await EndingsAsync(stage));
        further.AddRange(rest.Healed);
        if (outcome.StoringFailed > 0 && schedule.All(step => step.Kind.Victim is FaultCatalog.Broker or FaultCatalog.BrokerLine or FaultCatalog.Consumer))
        {
            further.Add(new Finding(Rule.StoringRefused, $"{outcome.StoringFailed} transactions failed though nothing was done to the database"));
        }

        if (outcome.Findings.Count == 0 && IsWhole)
        {
            further.AddRange(outcome.Untried.Select(what => new Finding(Rule.Trivial, what)));
        }

        // A message that a process had in hand may wait long when that ends; no other has a reason to.
        if (rest.OperatorNeeded > 0 && deaths == 0 && schedule.All(step => step.Kind.Victim is not (FaultCatalog.Producer or FaultCatalog.Consumer)))
        {
            further.Add(new Finding(Rule.OperatorNeeded, $"{rest.OperatorNeeded} times nothing got better by itself"));
        }

        return new Verdict(seed, tormentor.Injected, rest.Took, deaths, outcome with { Findings = [.. outcome.Findings, .. further] }) { OperatorNeeded = rest.OperatorNeeded };
    }

    /// <summary>A message that kills says so first; nothing else may end a process.</summary>
    private static async Task<List<Finding>> EndingsAsync(Stage stage)
    {
        var slots = stage.Producers.Concat(stage.Consumers).ToList();
        var findings = slots.SelectMany(slot => slot.Exits.Where(exit => exit != ProcessSlot.Killed).Select(exit => new Finding(Rule.ProcessEnded, $"{slot.Name} ended by itself with {exit}"))).ToList();
        findings.AddRange(slots.Where(slot => slot.Hangs > 0).Select(slot => new Finding(Rule.ProcessEnded, $"{slot.Name} did not end when it was asked to")));
        var kills = await Patiently.DoAsync(() => stage.Handling.ScalarAsync<long>("SELECT count(*) FROM happened WHERE id NOT LIKE 'later %'"));
        var killed = slots.Sum(slot => slot.Exits.Count(exit => exit == ProcessSlot.Killed));
        if (killed > kills)
        {
            findings.Add(new Finding(Rule.ProcessEnded, $"{killed} processes were killed, but only {kills} by a message"));
        }

        return findings;
    }

    /// <summary>Also where the last faults take longer than they should: else a busy machine would be given more to do than it can.</summary>
    private async Task<List<Finding>> StopInTimeAsync(Stage stage, CancellationToken enough)
    {
        var count = arguments.Duration > CountBeforeEnd ? arguments.Duration - CountBeforeEnd : TimeSpan.Zero;
        await Task.Delay(count, TimeProvider.System, enough).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        var findings = IsWhole && !enough.IsCancellationRequested ? await CountAsync(stage) : [];
        await Task.Delay(arguments.Duration - count, TimeProvider.System, enough).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await stage.StopStoringAsync();
        return findings;
    }

    /// <summary>In the end the dashboard has little to count, so it is asked once in the middle of the work, when all stands still.</summary>
    private async Task<List<Finding>> CountAsync(Stage stage)
    {
        foreach (var line in stage.BrokerLines)
        {
            await line.CutAsync();
        }

        await Task.Delay(LookInterval, TimeProvider.System, CancellationToken.None);
        var frozen = new List<ProcessSlot>();
        stage.LineWitness.Blink();
        foreach (var slot in stage.Producers.Concat(stage.Consumers))
        {
            if (await slot.FreezeAsync())
            {
                frozen.Add(slot);
            }
        }

        try
        {
            await using var dashboard = await DashboardCounts.StartAsync(stage.Sending, stage.Handling);
            var waiting = await Patiently.DoAsync(() => stage.Sending.ScalarAsync<long>("SELECT count(*) FROM reliable_mq.outbox"));
            var findings = await dashboard.LookAsync();
            // Some become due between two looks, and a process that just starts could not be stopped.
            for (var look = 1; look < Looks && findings.Count > 0; look++)
            {
                await Task.Delay(LookInterval, TimeProvider.System, CancellationToken.None);
                findings = await dashboard.LookAsync();
            }

            history.Say($"all stand still, {waiting} messages wait, and the dashboard tells {(findings.Count == 0 ? "the same as the tables" : findings[0].Text)}");
            return findings;
        }
        finally
        {
            frozen.ForEach(slot => slot.Resume());
            foreach (var line in stage.BrokerLines)
            {
                line.Accepting = true;
            }
        }
    }
}

using ReliableMq.Faults.Checking;
using ReliableMq.Faults.Nemesis;
using ReliableMq.Faults.Running;

namespace ReliableMq.Faults.Soaking;

/// <summary>
/// The same stage and workload for long and at a rate that the machine keeps up with, with faults that end no process.
/// It watches what is taken: memory, handles, connections, rows. What grows for an hour grows for a year.
/// </summary>
internal sealed class SoakRun(Arguments arguments, string folder, History history)
{
    private static readonly TimeSpan MostBetweenFaults = TimeSpan.FromSeconds(40);

    public static async Task<int> RunAsync(Arguments arguments)
    {
        var folder = Campaign.Prepare(FormattableString.Invariant($"soak-rabbitmq-{arguments.RabbitMq ?? "any"}-postgres-{arguments.Postgres ?? "any"}-{arguments.Duration.TotalSeconds}s{(arguments.Leaks.Count == 0 ? "" : $"-leak-{string.Join('+', arguments.Leaks)}")}"));
        using var history = new History(folder);
        var verdict = await new SoakRun(arguments, folder, history).RunAsync();
        await File.WriteAllTextAsync(Path.Combine(folder, "verdict.txt"), verdict + Environment.NewLine);
        Console.WriteLine($"  report, figures, journals and logs: {folder}");
        Console.WriteLine(verdict);
        return verdict.Passed ? 0 : 1;
    }

    private async Task<SoakVerdict> RunAsync()
    {
        var seed = arguments.Seeds[0];
        var schedule = Schedule.For(seed, arguments.Duration, arguments.Faults, MostBetweenFaults);
        await File.WriteAllLinesAsync(Path.Combine(folder, "schedule.txt"), schedule.Select(step => step.ToString()));
        await using var stage = await Stage.SetAsync(arguments, seed, folder, history);
        using var ended = new CancellationTokenSource();
        using var watched = new CancellationTokenSource();
        var began = TimeProvider.System.GetUtcNow();
        history.Say($"the workload runs for {arguments.Duration.TotalMinutes:0.#} min, with {schedule.Count} faults");
        var ageing = new Ageing(stage.Sending, stage.Handling, keepHandled: arguments.Leaks.Contains(Workload.Leak.Rows)).RunAsync(ended.Token);
        var sampling = new Sampler(stage, folder).RunAsync(watched.Token);
        var tormentor = new Tormentor(stage);
        var tormenting = tormentor.RunAsync(schedule, arguments.Duration, CancellationToken.None);
        await Task.Delay(arguments.Duration, TimeProvider.System, CancellationToken.None);
        await watched.CancelAsync();
        await sampling;
        await stage.StopStoringAsync();
        await tormenting;
        history.Say("nothing more is stored");

        // Housekeeping goes on, and so does what gives it something to do: in the end little is left to compare.
        var rest = new Rest(stage, new Witness(stage, folder), history, arguments);
        var outcome = await rest.ComeAsync();
        await ended.CancelAsync();
        await ageing;

        var series = Samples.Read(folder).ToLookup(sample => (sample.Kind, sample.Of), sample => (Time: (sample.At - began) / arguments.Duration, sample.Value));
        var judgements = from kind in FigureKind.All
                         from figure in series
                         where figure.Key.Kind == kind.Name
                         select Flatness.Judge(kind, figure.Key.Of, [.. figure.Where(sample => sample.Time <= 1)]);
        var run = new Verdict(seed, tormentor.Injected, rest.Took, stage.Producers.Concat(stage.Consumers).Sum(slot => slot.Deaths), outcome);
        var verdict = new SoakVerdict(arguments.Duration, run, [.. judgements]);
        await SoakReport.WriteAsync(folder, verdict, $"RabbitMQ {stage.Nodes[0].Version}, PostgreSQL {stage.Postgres.Version}", series);
        return verdict;
    }
}

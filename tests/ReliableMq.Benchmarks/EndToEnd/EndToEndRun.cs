namespace ReliableMq.Benchmarks.EndToEnd;

/// <summary>The library against the same promise written by hand, round about round in the same run.</summary>
internal static class EndToEndRun
{
    /// <summary>Generous, because a short run on a busy machine says little: it finds what became many times slower.</summary>
    private const double LeastShare = 0.25;

    public static async Task<int> RunAsync(string[] options)
    {
        if (Array.Find(options, option => option is not ("--short" or "--resume")) is { } unknown)
        {
            await Console.Error.WriteLineAsync($"Unknown option '{unknown}'. Use --short, --resume, or 'plans'.");
            return 2;
        }

        var isShort = options.Contains("--short");
        var size = isShort ? Size.Short : Size.Full;
        var store = new RoundStore(Path.Combine("artifacts", "bench", isShort ? "short.jsonl" : "full.jsonl"));
        if (!options.Contains("--resume"))
        {
            store.Clear();
        }

        // The first round of each pipeline only warms the process up.
        var rounds = store.Read();
        await WarmUpAsync();
        for (var round = 1; round <= size.Rounds; round++)
        {
            foreach (var scenario in Scenario.All)
            {
                foreach (var pipeline in round % 2 == 1 ? ["baseline", "library"] : new[] { "library", "baseline" })
                {
                    if (rounds.Exists(done => done.Scenario == scenario.Name && done.Pipeline == pipeline && done.Round == round))
                    {
                        continue;
                    }

                    var measured = await Round.RunAsync(scenario, pipeline, round, size);
                    store.Add(measured);
                    rounds.Add(measured);
                    Console.WriteLine($"{round}/{size.Rounds} {scenario.Name} {pipeline}: {measured.PerSecond:0} messages/s, p50 {measured.P50:0.00} ms, p99 {measured.P99:0.0} ms, {measured.CpuMs:0.00} ms CPU");
                }
            }
        }

        Console.WriteLine(string.Join(Environment.NewLine, Report.Lines(rounds)));
        return Check(rounds);
    }

    private static async Task WarmUpAsync()
    {
        var small = new Size(WarmUp: 50, Messages: 200, LatencyMessages: 10, Rate: 100, Rounds: 1);
        foreach (var scenario in Scenario.All)
        {
            await Round.RunAsync(scenario, "baseline", 0, small);
            await Round.RunAsync(scenario, "library", 0, small);
        }
    }

    private static int Check(List<Measurement> rounds)
    {
        var slow = rounds.GroupBy(round => round.Scenario)
            .Select(scenario => (scenario.Key, Share: Report.Ratio(scenario, round => round.PerSecond)))
            .Where(scenario => !(scenario.Share >= LeastShare))
            .ToList();
        foreach (var (scenario, share) in slow)
        {
            Console.Error.WriteLine($"The library does {share:0.00} of what the baseline does in \"{scenario}\"; at least {LeastShare:0.00} is expected. Run './dev bench' on a quiet machine to see what became slow.");
        }

        return slow.Count == 0 ? 0 : 1;
    }
}

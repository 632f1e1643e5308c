using ReliableMq.Faults.Nemesis;
using ReliableMq.TestSupport;

namespace ReliableMq.Faults.Running;

/// <summary>The runs of one command, one after the other, each with a folder of its own under artifacts/faults.</summary>
internal static class Campaign
{
    /// <summary>So many meet everything that a single run may miss.</summary>
    private const int SeveralRuns = 5;

    public static async Task<int> RunAsync(Arguments arguments)
    {
        var passed = 0;
        var failed = new List<int>();
        var (runs, unknown) = (0, 0);
        foreach (var seed in arguments.Seeds)
        {
            var folder = FolderOf(arguments, seed);
            if (arguments.Resume && VerdictOf(folder) is { } earlier)
            {
                Console.WriteLine($"kept: {earlier}");
                (passed, failed) = earlier.StartsWith("PASSED", StringComparison.Ordinal) ? (passed + 1, failed) : (passed, [.. failed, seed]);
                continue;
            }

            var verdict = await RunOneAsync(arguments, seed, folder);
            unknown += verdict.Outcome.UnknownAndStored;
            runs++;
            (passed, failed) = verdict.Passed ? (passed + 1, failed) : (passed, [.. failed, seed]);
        }

        if (runs >= SeveralRuns && unknown == 0 && arguments.Faults.SequenceEqual(Nemesis.FaultCatalog.DefaultOf(arguments.Cluster)))
        {
            Console.WriteLine($"FAILED in {runs} runs nothing was committed without its producer being told, so they say nothing about that");
            return 1;
        }

        Console.WriteLine(failed.Count == 0 ? $"PASSED {passed} of {passed} seeds" : $"FAILED seeds {string.Join(", ", failed)}; {passed} passed");
        return failed.Count == 0 ? 0 : 1;
    }

    public static async Task<Verdict> RunOneAsync(Arguments arguments, int seed, string folder)
    {
        Empty(folder);
        using var history = new History(folder);
        var verdict = await new FaultRun(await LeaveOutImpossibleAsync(arguments, history), seed, folder, history).RunAsync();
        await File.WriteAllTextAsync(Path.Combine(folder, "verdict.txt"), verdict + Environment.NewLine);
        Console.WriteLine(verdict);
        Console.WriteLine($"  journals, logs, schedule and history: {folder}");
        return verdict;
    }

    /// <summary>An empty folder under artifacts/faults.</summary>
    public static string Prepare(string name) => Empty(Path.Combine(Checkout.Root, "artifacts", "faults", name));

    private static string Empty(string folder)
    {
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }

        return Directory.CreateDirectory(folder).FullName;
    }

    private static async Task<Arguments> LeaveOutImpossibleAsync(Arguments arguments, History history)
    {
        if (!arguments.Faults.Contains(FillDatabaseDisk.Name) || await PrivatePostgres.MayHaveDiskAsync())
        {
            return arguments;
        }

        history.Say($"{FillDatabaseDisk.Name} is left out: its file system may not be mounted here, which needs root");
        return arguments with { Faults = [.. arguments.Faults.Except([FillDatabaseDisk.Name])] };
    }

    private static string FolderOf(Arguments arguments, int seed)
    {
        // Another choice of faults or another time is another run.
        var choice = arguments.Faults.SequenceEqual(Nemesis.FaultCatalog.DefaultOf(arguments.Cluster)) ? "" : $"-{string.Join('+', arguments.Faults)}";
        var name = FormattableString.Invariant($"rabbitmq-{arguments.RabbitMq ?? "any"}{(arguments.Cluster ? "-cluster" : "")}-postgres-{arguments.Postgres ?? "any"}-{arguments.Duration.TotalSeconds}s{choice}-seed-{seed}");
        return Path.Combine(Checkout.Root, "artifacts", "faults", name.Length > 200 ? name[..200] + $"-seed-{seed}" : name);
    }

    private static string? VerdictOf(string folder)
    {
        var file = Path.Combine(folder, "verdict.txt");
        return File.Exists(file) ? File.ReadLines(file).FirstOrDefault() : null;
    }
}

using ReliableMq.TestSupport;

namespace ReliableMq.Faults.Running;

/// <summary>The runs of one command, one after the other, each with a folder of its own under artifacts/faults.</summary>
internal static class Campaign
{
    public static async Task<int> RunAsync(Arguments arguments)
    {
        var passed = 0;
        var failed = new List<int>();
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
            (passed, failed) = verdict.Passed ? (passed + 1, failed) : (passed, [.. failed, seed]);
        }

        Console.WriteLine(failed.Count == 0 ? $"PASSED {passed} of {passed} seeds" : $"FAILED seeds {string.Join(", ", failed)}; {passed} passed");
        return failed.Count == 0 ? 0 : 1;
    }

    public static async Task<Verdict> RunOneAsync(Arguments arguments, int seed, string folder)
    {
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }

        Directory.CreateDirectory(folder);
        using var history = new History(folder);
        var verdict = await new FaultRun(arguments, seed, folder, history).RunAsync();
        await File.WriteAllTextAsync(Path.Combine(folder, "verdict.txt"), verdict + Environment.NewLine);
        Console.WriteLine(verdict);
        Console.WriteLine($"  journals, logs, schedule and history: {folder}");
        return verdict;
    }

    private static string FolderOf(Arguments arguments, int seed)
    {
        // Another choice of faults or another time is another run.
        var choice = arguments.Faults.SequenceEqual(Nemesis.FaultCatalog.Default) ? "" : $"-{string.Join('+', arguments.Faults)}";
        var name = FormattableString.Invariant($"rabbitmq-{arguments.RabbitMq ?? "any"}-postgres-{arguments.Postgres ?? "any"}-{arguments.Duration.TotalSeconds}s{choice}-seed-{seed}");
        return Path.Combine(Checkout.Root, "artifacts", "faults", name.Length > 200 ? name[..200] + $"-seed-{seed}" : name);
    }

    private static string? VerdictOf(string folder)
    {
        var file = Path.Combine(folder, "verdict.txt");
        return File.Exists(file) ? File.ReadLines(file).FirstOrDefault() : null;
    }
}

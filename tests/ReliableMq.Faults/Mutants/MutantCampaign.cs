using System.Diagnostics;
using ReliableMq.Faults.Nemesis;
using ReliableMq.Faults.Running;

namespace ReliableMq.Faults.Mutants;

/// <summary>
/// Proves that the checker bites: each patch is applied to a copy of the checkout, built, and its processes are tormented
/// by this very machine until the checker fails. A patch that no longer applies, or that nobody catches, fails.
/// </summary>
internal static class MutantCampaign
{
    private const int MostSeeds = 3;

    public static async Task<int> RunAsync(Arguments arguments)
    {
        var chosen = arguments.Mutants!.Count == 0 ? Mutant.All : [.. arguments.Mutants.Select(Find)];
        var results = new List<(Mutant Mutant, string? Caught)>();
        if (arguments.Resume)
        {
            results.AddRange(chosen.Select(mutant => (mutant, CaughtBefore(mutant))).Where(result => result.Item2 is not null));
            chosen = [.. chosen.Except(results.Select(result => result.Mutant))];
        }

        var copy = Directory.CreateTempSubdirectory("reliablemq-mutants-").FullName;
        try
        {
            await RunAsync("bash", ["-c", "git ls-files -coz --exclude-standard | tar --null --files-from=- --create --ignore-failed-read | tar --extract --directory \"$0\"", copy], Checkout.Root);
            foreach (var mutant in chosen)
            {
                if (!await StandsAsync(arguments, mutant))
                {
                    Console.WriteLine($"FAILED the library as it is does not pass under the faults of {mutant.Name}, so that mutant's failing would say nothing");
                    return 1;
                }

                var caught = await CatchAsync(arguments, mutant, copy);
                results.Add((mutant, caught));
                Directory.CreateDirectory(FolderOf(mutant.Name, 1));
                await File.WriteAllTextAsync(NoteOf(mutant), caught);
            }
        }
        finally
        {
            Directory.Delete(copy, recursive: true);
        }

        foreach (var (mutant, caught) in results)
        {
            Console.WriteLine($"{(caught is null ? "SURVIVED" : "caught  ")} {mutant.Name}  {caught}");
        }

        var survived = results.Where(result => result.Caught is null).Select(result => result.Mutant.Name).ToList();
        Console.WriteLine(survived.Count == 0 ? $"PASSED {results.Count} of {results.Count} mutants caught" : $"FAILED not caught: {string.Join(", ", survived)}");
        return survived.Count == 0 ? 0 : 1;
    }

    /// <summary>The control: without the mutant the same faults, time and patience end well.</summary>
    private static async Task<bool> StandsAsync(Arguments arguments, Mutant mutant)
    {
        Console.WriteLine($"--- the library as it is, under the faults of {mutant.Name}");
        var verdict = await Campaign.RunOneAsync(Shorter(arguments, mutant) with { Faults = FaultCatalog.Choose(mutant.Faults) }, seed: 1, FolderOf($"control-{mutant.Name}", 1));
        return verdict.Passed;
    }

    private static Arguments Shorter(Arguments arguments, Mutant mutant) =>
        arguments with { Duration = mutant.Duration, Patience = TimeSpan.FromSeconds(60) };

    private static string? CaughtBefore(Mutant mutant) =>
        File.Exists(NoteOf(mutant)) && File.ReadAllText(NoteOf(mutant)) is { Length: > 0 } caught ? $"before {caught}" : null;

    private static string NoteOf(Mutant mutant) => Path.Combine(FolderOf(mutant.Name, 1), "caught.txt");

    private static string FolderOf(string name, int seed) => Path.Combine(Checkout.Root, "artifacts", "faults", "mutants", $"{name}-{seed}");

    private static async Task<string?> CatchAsync(Arguments arguments, Mutant mutant, string copy)
    {
        var patch = Path.Combine(Checkout.Root, "tests", "ReliableMq.Faults", "Mutants", $"{mutant.Name}.patch");
        Console.WriteLine($"--- {mutant.Name}");
        try
        {
            await RunAsync("git", ["apply", "--whitespace=nowarn", patch], copy);
        }
        catch (InvalidOperationException error)
        {
            Console.WriteLine($"{mutant.Name} no longer applies. Write it anew for the code as it is. {error.Message}");
            return null;
        }

        try
        {
            var project = Path.Combine("tests", "ReliableMq.Faults");
            await RunAsync("dotnet", ["build", project, "--configuration", "Release", "--nologo", "--verbosity", "quiet", "-p:TreatWarningsAsErrors=false"], copy);
            var mutated = Shorter(arguments, mutant) with
            {
                Program = Path.Combine(copy, project, "bin", "Release", "net10.0", "ReliableMq.Faults.dll"),
                Faults = FaultCatalog.Choose(mutant.Faults),
            };
            for (var seed = 1; seed <= MostSeeds; seed++)
            {
                var findings = (await Campaign.RunOneAsync(mutated, seed, FolderOf(mutant.Name, seed))).Outcome.Findings;
                if (mutant.FirstIn(findings) is { } caught)
                {
                    return $"by seed {seed}: {caught}";
                }

                if (findings.Count > 0)
                {
                    Console.WriteLine($"failed otherwise: not {string.Join(" or ", mutant.Rules)}, but {findings[0]}");
                }
            }

            return null;
        }
        finally
        {
            await RunAsync("git", ["apply", "--whitespace=nowarn", "--reverse", patch], copy);
        }
    }

    private static Mutant Find(string name) => Mutant.All.FirstOrDefault(mutant => mutant.Name == name)
        ?? throw new FormatException($"There is no mutant '{name}'. There are {string.Join(", ", Mutant.All.Select(mutant => mutant.Name))}.");

    private static async Task RunAsync(string program, IEnumerable<string> arguments, string folder)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true,
        })!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"'{program} {string.Join(' ', arguments)}' ended with {process.ExitCode}: {await errors}{await output}");
        }
    }
}

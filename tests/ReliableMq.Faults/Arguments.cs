using System.Globalization;
using ReliableMq.Faults.Nemesis;

namespace ReliableMq.Faults;

/// <summary>What <c>./dev faults</c> was asked for.</summary>
internal sealed record Arguments
{
    public IReadOnlyList<int> Seeds { get; init; } = [1];
    public TimeSpan Duration { get; init; } = TimeSpan.FromMinutes(2);
    public string? RabbitMq { get; init; }
    public string? Postgres { get; init; }

    /// <summary>Three brokers that form a cluster, behind HAProxy, instead of one.</summary>
    public bool Cluster { get; init; }

    /// <summary>Runs with a verdict in the artifacts folder are not repeated.</summary>
    public bool Resume { get; init; }

    /// <summary>The names of the faults to choose from.</summary>
    public IReadOnlyList<string> Faults { get; init; } = FaultCatalog.Default;

    /// <summary>The mutants to catch; null for a run of the library as it is, empty for all.</summary>
    public IReadOnlyList<string>? Mutants { get; init; }

    /// <summary>How long nothing may get better after the last fault before the run has failed.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromMinutes(3);

    /// <summary>How long the rest may take at most, even if it gets better all the time.</summary>
    public TimeSpan LongestRest { get; init; } = TimeSpan.FromMinutes(6);

    /// <summary>Whether what is taken is watched instead of torments survived.</summary>
    public bool Soak { get; init; }

    /// <summary>What the processes of a soak are to lose.</summary>
    public IReadOnlyList<string> Leaks { get; init; } = [];

    /// <summary>The built program whose processes are tormented; by default this one.</summary>
    public string Program { get; init; } = typeof(Arguments).Assembly.Location;

    public const string Usage =
        """
        ./dev faults [--seed N | --seeds A..B] [--minutes M] [--rabbitmq 3.10|4.0|4.3] [--postgres 15|18]
                     [--cluster] [--faults NAME,+NAME,-NAME] [--patience SECONDS] [--resume]
        ./dev faults --short         seed 1, a minute of faults, and patience with a busy machine
        ./dev faults --mutants [NAME,NAME] [--resume]
        ./dev faults --soak [--minutes 60] [--faults none|NAME,NAME] [--leak heap,handles,timers,connections,rows]
                     [--rabbitmq 3.10|4.0|4.3] [--postgres 15|18]
        """;

    private static readonly TimeSpan LeastSoak = TimeSpan.FromMinutes(6);

    public static Arguments Parse(IReadOnlyList<string> args)
    {
        // Wherever it stands, it decides which faults there are.
        var cluster = args.Contains("--cluster");
        var arguments = new Arguments { Cluster = cluster, Faults = FaultCatalog.DefaultOf(cluster) };
        for (var i = 0; i < args.Count; i++)
        {
            var option = args[i];
            string Value() => ++i < args.Count ? args[i] : throw Wrong($"'{option}' lacks its value.");
            arguments = option switch
            {
                "--seed" => arguments with { Seeds = [Number(option, Value(), 0)] },
                "--seeds" => arguments with { Seeds = Range(Value()) },
                "--minutes" => arguments with { Duration = Minutes(Value()) },
                "--rabbitmq" => arguments with { RabbitMq = OneOf(option, Value(), "3.10", "4.0", "4.3") },
                "--postgres" => arguments with { Postgres = OneOf(option, Value(), "15", "18") },
                "--faults" => arguments with { Faults = FaultCatalog.Choose(Value(), cluster) },
                "--cluster" => arguments,
                "--patience" => arguments with { Patience = TimeSpan.FromSeconds(Number(option, Value(), 1)) },
                "--resume" => arguments with { Resume = true },
                "--short" => arguments with { Seeds = [1], Duration = TimeSpan.FromMinutes(1), Patience = TimeSpan.FromMinutes(10), LongestRest = TimeSpan.FromMinutes(30) },
                "--soak" => arguments with { Soak = true, Duration = TimeSpan.FromHours(1), Faults = FaultCatalog.Gentle, Patience = TimeSpan.FromMinutes(10), LongestRest = TimeSpan.FromMinutes(30) },
                "--leak" => arguments with { Leaks = [.. Value().Split(',').Select(leak => OneOf(option, leak, Workload.Leak.All))] },
                "--mutants" => arguments with { Mutants = i + 1 < args.Count && !args[i + 1].StartsWith('-') ? args[++i].Split(',') : [] },
                _ => throw Wrong($"Unknown option '{option}'."),
            };
        }

        return arguments switch
        {
            { Leaks.Count: > 0, Soak: false } => throw Wrong("'--leak' goes with '--soak' only."),
            { Soak: true } when arguments.Duration < LeastSoak => throw Wrong($"'--soak' needs '--minutes {LeastSoak.TotalMinutes:0}' or more: what is kept for a minute must have become steady within the first third."),
            _ => arguments,
        };
    }

    private static TimeSpan Minutes(string text) =>
        double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var minutes) && minutes is > 0 and <= 1440
            ? TimeSpan.FromMinutes(minutes)
            : throw Wrong($"'--minutes {text}' is no time. Use a number above 0, such as 2 or 0.5.");

    private static IReadOnlyList<int> Range(string text) =>
        text.Split("..") is [var first, var last] && Number("--seeds", first, 0) is var from && Number("--seeds", last, from) is var to
            ? [.. Enumerable.Range(from, to - from + 1)]
            : throw Wrong($"'--seeds {text}' is no range. Use one such as 1..20.");

    private static int Number(string option, string text, int least) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least
            ? number
            : throw Wrong($"'{option} {text}' is not right. Use a whole number from {least}.");

    private static string OneOf(string option, string text, params string[] choices) => choices.Contains(text)
        ? text
        : throw Wrong($"'{option} {text}' is not known. Use {string.Join(", ", choices)}.");

    private static FormatException Wrong(string what) => new($"{what}\n{Usage}");
}

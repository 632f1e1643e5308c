using System.Text.Json;

namespace ReliableMq.Faults.Soaking;

/// <summary>One look at one figure.</summary>
/// <param name="At">By the machine's clock.</param>
/// <param name="Kind">The name of a <see cref="FigureKind"/>.</param>
/// <param name="Of">Whose.</param>
/// <param name="Value">Bytes, seconds or pieces.</param>
internal sealed record Sample(DateTimeOffset At, string Kind, string Of, double Value);

/// <summary>Files of samples, one JSON object a line. A last line may be torn.</summary>
internal static class Samples
{
    public const string Extension = ".figures";

    /// <summary>Between two looks.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    public static void Append(string file, IEnumerable<Sample> samples) => File.AppendAllLines(file, samples.Select(sample => JsonSerializer.Serialize(sample)));

    public static List<Sample> Read(string folder) =>
    [
        .. from file in Directory.EnumerateFiles(folder, $"*{Extension}").Order(StringComparer.Ordinal)
           from line in File.ReadLines(file)
           where line.EndsWith('}')
           select JsonSerializer.Deserialize<Sample>(line)!,
    ];
}

using System.Text.Json;

namespace ReliableMq.Benchmarks.EndToEnd;

/// <summary>Finished rounds, a line each, so that a run that was interrupted can go on.</summary>
internal sealed class RoundStore(string path)
{
    public List<Measurement> Read() =>
        File.Exists(path) ? [.. File.ReadAllLines(path).Select(line => JsonSerializer.Deserialize<Measurement>(line)!)] : [];

    public void Add(Measurement measurement)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.AppendAllLines(path, [JsonSerializer.Serialize(measurement)]);
    }

    public void Clear()
    {
        if (File.Exists(path))
        {
            File.Delete(path);
        }
    }
}

using ReliableMq.Storage;

namespace ReliableMq.Alerting;

/// <summary>A sink's name is what the tables know it by.</summary>
internal static class SinkNames
{
    private const int Longest = 100;

    /// <exception cref="ReliableMqException">A name cannot be used.</exception>
    public static void Check(IReadOnlyCollection<IAlertSink> sinks)
    {
        foreach (var sink in sinks.Where(sink => string.IsNullOrWhiteSpace(sink.Name) || sink.Name.Length > Longest || SafeText.Clean(sink.Name) != sink.Name))
        {
            throw new ReliableMqException($"The alert sink \"{sink.GetType().Name}\" has the name \"{sink.Name}\". Use 1 to {Longest} characters without U+0000 and half surrogate pairs.");
        }

        foreach (var twins in sinks.GroupBy(sink => sink.Name, StringComparer.Ordinal).Where(twins => twins.Count() > 1))
        {
            throw new ReliableMqException($"The alert sinks {string.Join(" and ", twins.Select(sink => $"\"{sink.GetType().Name}\""))} have the same name \"{twins.Key}\". Give each a name of its own: each is told by its name.");
        }
    }
}

using ReliableMq.Handling;

namespace ReliableMq.Hosting;

/// <summary>Whether each name means one thing in its queue, aliases and upcast messages included.</summary>
internal static class ReadingRules
{
    /// <returns>What the queues take, as far as it can be told.</returns>
    public static List<MessageReading> Check(List<HandlerDefinition> handlers, List<UpcasterRegistration> upcasters, List<string> errors)
    {
        CheckUpcasters(upcasters, errors);
        var readings = handlers.SelectMany(handler => QueueNameRules.Told(() => MessageReading.Of(handler, upcasters).ToList(), errors) ?? []).ToList();
        foreach (var queue in readings.GroupBy(reading => reading.Handler.Queue))
        {
            foreach (var twins in queue.GroupBy(reading => reading.Name).Where(twins => twins.Skip(1).Any()))
            {
                CheckTwins(queue.Key, twins.Key, [.. twins], errors);
            }
        }

        return readings;
    }

    private static void CheckTwins(string queue, string name, List<MessageReading> twins, List<string> errors)
    {
        if (twins.TrueForAll(twin => twin.Name == twin.Handler.MessageName && twin.Upcasters.Count == 0))
        {
            errors.Add($"The queue \"{queue}\" has more than one handler of \"{name}\": {string.Join(", ", twins.Select(twin => $"\"{twin.Handler.HandlerName}\""))}. Give each its own queue, or register its assembly once.");
        }
        else
        {
            errors.Add($"The queue \"{queue}\" takes the message \"{name}\" in more than one way: {string.Join(", ", twins.Select(Shown))}. Keep one of the handlers, aliases and upcasters, or give each handler its own queue.");
        }
    }

    private static string Shown(MessageReading reading) =>
        reading.Upcasters.Count > 0 ? $"by \"{reading.Handler.HandlerName}\" after the upcaster \"{reading.Upcasters[0].Type.FullName}\""
        : reading.Name == reading.Handler.MessageName ? $"by \"{reading.Handler.HandlerName}\""
        : $"by \"{reading.Handler.HandlerName}\" as an alias of \"{reading.Handler.MessageName}\"";

    private static void CheckUpcasters(List<UpcasterRegistration> upcasters, List<string> errors)
    {
        foreach (var upcaster in upcasters)
        {
            QueueNameRules.Told(() => MessageNames.Of(upcaster.Old), errors);
            QueueNameRules.Told(() => MessageNames.Of(upcaster.New), errors);
        }

        foreach (var twins in upcasters.GroupBy(upcaster => upcaster.Old).Where(twins => twins.Skip(1).Any()))
        {
            errors.Add($"The message \"{twins.Key.FullName}\" has more than one upcaster: {string.Join(", ", twins.Select(twin => $"\"{twin.Type.FullName}\""))}. Add one of them, once.");
        }

        var circular = upcasters.Where(upcaster => LeadsTo(upcaster.Old, upcaster, upcasters)).Select(upcaster => $"\"{upcaster.Type.FullName}\"").Distinct().ToList();
        if (circular.Count > 0)
        {
            errors.Add($"The upcasters {string.Join(", ", circular)} go round in a circle. Remove one that leads from a newer message to an older one.");
        }
    }

    private static bool LeadsTo(Type target, UpcasterRegistration from, List<UpcasterRegistration> upcasters)
    {
        var seen = new HashSet<Type>();
        for (var type = from.New; seen.Add(type); type = upcasters.Find(upcaster => upcaster.Old == type)?.New ?? type)
        {
            if (type == target)
            {
                return true;
            }
        }

        return false;
    }
}

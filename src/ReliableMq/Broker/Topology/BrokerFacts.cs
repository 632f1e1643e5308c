using System.Text.Json;

namespace ReliableMq.Broker.Topology;

/// <summary>An exchange as the management plugin describes it.</summary>
internal sealed record ExchangeFacts(string Type, bool Durable)
{
    public static ExchangeFacts Read(JsonElement exchange) => new(exchange.GetProperty("type").GetString()!, exchange.GetProperty("durable").GetBoolean());
}

/// <summary>A queue as the management plugin describes it, with what its policies set, operators' policies included.</summary>
internal sealed record QueueFacts(bool Durable, IReadOnlyDictionary<string, string> Arguments, string? Policy, IReadOnlyDictionary<string, string> PolicyKeys)
{
    public static QueueFacts Read(JsonElement queue)
    {
        var arguments = Values(queue, "arguments");
        if (!arguments.ContainsKey("x-queue-type") && Text(queue, "type") is { } type)
        {
            // A queue that was declared without a type has the default one of its virtual host.
            arguments["x-queue-type"] = type;
        }

        var policies = new[] { Text(queue, "policy"), Text(queue, "operator_policy") }.Where(name => !string.IsNullOrEmpty(name)).ToList();
        return new(queue.GetProperty("durable").GetBoolean(), arguments, policies.Count == 0 ? null : string.Join("\" and \"", policies), Values(queue, "effective_policy_definition"));
    }

    private static string? Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static string Text(JsonElement value) => value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText();

    /// <summary>An empty object is told as an empty list by some versions.</summary>
    private static Dictionary<string, string> Values(JsonElement element, string name) =>
        element.TryGetProperty(name, out var values) && values.ValueKind == JsonValueKind.Object
            ? values.EnumerateObject().ToDictionary(value => value.Name, value => Text(value.Value), StringComparer.Ordinal)
            : new(StringComparer.Ordinal);
}

/// <summary>
/// The messages that a queue still has though it neither offers them nor waits for their ack: dead ones that it has not got
/// rid of. The plugin's numbers are some seconds old.
/// </summary>
internal sealed record QueueBacklog(long Held)
{
    public static QueueBacklog Read(JsonElement queue) =>
        new(Math.Max(0, Number(queue, "messages") - Number(queue, "messages_ready") - Number(queue, "messages_unacknowledged")));

    private static long Number(JsonElement queue, string name) => queue.TryGetProperty(name, out var value) && value.TryGetInt64(out var number) ? number : 0;
}

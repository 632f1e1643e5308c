using System.Text.Json;

namespace ReliableMq.TestSupport;

/// <summary>
/// A queue as the management plugin lists it. Name, type and arguments are exact; the counts are up to five
/// seconds old (the broker's statistics interval). Messages that are neither ready nor unacknowledged wait
/// to be dead-lettered.
/// </summary>
public sealed record BrokerQueue(
    string Name,
    string Type,
    bool Durable,
    IReadOnlyDictionary<string, JsonElement> Arguments,
    long Messages,
    long MessagesReady,
    long MessagesUnacknowledged);

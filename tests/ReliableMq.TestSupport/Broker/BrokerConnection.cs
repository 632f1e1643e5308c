namespace ReliableMq.TestSupport;

/// <summary>A connection as the broker sees it.</summary>
/// <param name="Name">The broker's own name for it, such as "127.0.0.1:40000 -> 127.0.0.1:5672".</param>
/// <param name="UserProvidedName">The client's name for it; null for up to five seconds after it was opened.</param>
/// <param name="ClientProperties">What the client tells of itself; null for as long.</param>
public sealed record BrokerConnection(
    string Name, string? UserProvidedName = null, IReadOnlyDictionary<string, System.Text.Json.JsonElement>? ClientProperties = null);

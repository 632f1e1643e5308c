namespace ReliableMq;

/// <summary>
/// A message that is already serialized. It is added to an outbox or published like any other, and its body is
/// sent as it is.
/// </summary>
/// <param name="name">Its name, by the rules of <see cref="MessageAttribute"/>.</param>
/// <param name="body">Its body; copied when the message is added or published.</param>
/// <param name="contentType">What the body is, such as <c>application/json</c>. 1 to 255 bytes of UTF-8.</param>
public sealed class RawMessage(string name, ReadOnlyMemory<byte> body, string contentType)
{
    /// <summary>Its name.</summary>
    public string Name { get; } = name;

    /// <summary>Its body.</summary>
    public ReadOnlyMemory<byte> Body { get; } = body;

    /// <summary>What the body is.</summary>
    public string ContentType { get; } = contentType;
}

namespace ReliableMq;

/// <summary>
/// Writes and reads message bodies of one content type. Register it with <c>AddSerializer</c>; a message says
/// its content type by <see cref="MessageAttribute.ContentType"/>. One instance serves the whole application, on
/// several threads at once.
/// </summary>
public interface IMessageSerializer
{
    /// <summary>What it writes and reads, such as <c>application/x-protobuf</c>, without parameters.</summary>
    string ContentType { get; }

    /// <summary>Writes a message.</summary>
    /// <param name="message">An instance of a type marked with <see cref="MessageAttribute"/>.</param>
    /// <returns>The body; it must not be changed afterwards.</returns>
    /// <exception cref="Exception">Any: adding the message fails with it.</exception>
    byte[] Serialize(object message);

    /// <summary>Reads a message.</summary>
    /// <param name="body">The body of a delivery.</param>
    /// <param name="type">The type that the handler takes.</param>
    /// <exception cref="Exception">Any: the message is dead-lettered at once, with the exception's text.</exception>
    object Deserialize(ReadOnlyMemory<byte> body, Type type);
}

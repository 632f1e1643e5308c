namespace ReliableMq;

/// <summary>
/// Gives a message type its name on the wire, independent of its .NET name, so that both sides may rename
/// and move the type freely.
/// </summary>
/// <remarks>
/// The name is also the routing key, and by default its first part is the exchange: <c>orders.order-placed.v1</c>
/// is published to the topic exchange <c>orders</c>. Lower-case letters, digits, <c>-</c> and <c>_</c> in at
/// least two parts separated by dots; at most 200 characters (RabbitMQ keeps routing keys in a short string
/// of 255 bytes).
/// </remarks>
/// <param name="name">The permanent name, such as <c>orders.order-placed.v1</c>.</param>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct, Inherited = false)]
public sealed class MessageAttribute(string name) : Attribute
{
    /// <summary>The permanent name of the message, such as <c>orders.order-placed.v1</c>.</summary>
    public string Name { get; } = name;

    /// <summary>
    /// The service that the message is meant for, such as <c>product</c>. Only naming policies read it, which
    /// may name the exchange and the queue after it.
    /// </summary>
    /// <value>
    /// Default: null, for whoever wants it. Lower-case letters, digits, <c>-</c> and <c>_</c>, at most 40
    /// characters.
    /// </value>
    public string? Target { get; set; }

    /// <summary>
    /// What its body is, which chooses the serializer on both sides. A receiver goes by the content type of the
    /// delivery, so that it may change from one release to the next.
    /// </summary>
    /// <value>Default: <c>application/json</c>.</value>
    public string ContentType { get; set; } = "application/json";

    /// <summary>
    /// Names that the message had before, such as <c>orders.order-placed.v1</c>: its handlers take it under each of
    /// them, too. Senders use <see cref="Name"/> only.
    /// </summary>
    /// <value>Default: none. The rules are those of the name.</value>
    public string[] Aliases { get; set; } = [];
}

namespace ReliableMq;

/// <summary>
/// Binds the handler's queue to an exchange, instead of the exchange and the name of its message. Several may be
/// given. The exchange belongs to somebody else: it is not declared, and consuming waits until it
/// exists, unless <see cref="TopologyMode"/> says that nothing is declared.
/// </summary>
/// <param name="exchange">The exchange, such as <c>legacy</c>.</param>
/// <param name="pattern">
/// The routing key; for a topic exchange a pattern, in which <c>*</c> stands for one word and <c>#</c> for any
/// number of them (https://www.rabbitmq.com/tutorials/tutorial-five-dotnet).
/// </param>
[AttributeUsage(AttributeTargets.Method, AllowMultiple = true, Inherited = false)]
public sealed class BindingAttribute(string exchange, string pattern) : Attribute
{
    /// <summary>The exchange.</summary>
    public string Exchange { get; } = exchange;

    /// <summary>The routing key or pattern.</summary>
    public string Pattern { get; } = pattern;
}

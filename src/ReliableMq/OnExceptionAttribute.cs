namespace ReliableMq;

/// <summary>
/// Says what follows when a handler fails with an exception: on the handler's method, or on its class for all handlers
/// in it. A rule of the method wins over one of the class, and that over
/// <see cref="ReliableMqBuilder.OnException{TException}"/>.
/// </summary>
/// <remarks>
/// A rule is about its type, types derived from it, and exceptions that were caused by one
/// (<see cref="System.Exception.InnerException"/>). Of several rules that apply, the one of the most derived type wins;
/// of unrelated ones that which is about the outermost exception.
/// </remarks>
/// <param name="exception">The type of the exception.</param>
/// <param name="then">What follows.</param>
[AttributeUsage(AttributeTargets.Method | AttributeTargets.Class, AllowMultiple = true, Inherited = false)]
public sealed class OnExceptionAttribute(Type exception, OnFailure then) : Attribute
{
    /// <summary>The type of the exception.</summary>
    public Type Exception { get; } = exception;

    /// <summary>What follows.</summary>
    public OnFailure Then { get; } = then;

    /// <summary>
    /// With <see cref="OnFailure.Retry"/>: the time to the next attempt instead of the queue's, such as <c>"5m"</c>. It
    /// counts as an attempt.
    /// </summary>
    /// <value>Default: null, the queue's. From 1 ms to 365 days.</value>
    public string? Delay { get; set; }
}

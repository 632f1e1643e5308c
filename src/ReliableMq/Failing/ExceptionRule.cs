namespace ReliableMq.Failing;

/// <summary>What follows when a handler fails with an exception of a type.</summary>
/// <param name="Type">Of the exception, or one that it derives from.</param>
/// <param name="Then">What follows.</param>
/// <param name="Delay">With <see cref="OnFailure.Retry"/>: instead of the queue's next one.</param>
/// <param name="When">Looks at the exception; null for every one of the type.</param>
internal sealed record ExceptionRule(Type Type, OnFailure Then, TimeSpan? Delay = null, Func<Exception, bool>? When = null)
{
    /// <exception cref="FormatException">Its delay is no duration.</exception>
    public static ExceptionRule Of(OnExceptionAttribute said) => new(
        said.Exception, said.Then,
        said.Delay is null ? null : Duration.TryParse(said.Delay, out var delay) ? delay : throw new FormatException(said.Delay));

    /// <summary>A question that cannot be answered is answered by no.</summary>
    public bool IsAbout(Exception exception)
    {
        try
        {
            return Type.IsInstanceOfType(exception) && When?.Invoke(exception) != false;
        }
        catch (Exception)
        {
            return false;
        }
    }
}

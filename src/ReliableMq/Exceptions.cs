namespace ReliableMq;

/// <summary>A failure that ReliableMq reports: what failed, the value, and what to do.</summary>
public class ReliableMqException : Exception
{
    /// <summary>Creates the exception.</summary>
    public ReliableMqException(string message) : base(message)
    {
    }

    /// <summary>Creates the exception with its cause.</summary>
    public ReliableMqException(string message, Exception innerException) : base(message, innerException)
    {
    }
}

/// <summary>
/// Thrown by a handler for what no further attempt can mend: the message is dead-lettered at once.
/// </summary>
public sealed class PermanentFailureException : ReliableMqException
{
    /// <summary>Creates the exception with the reason shown to operators.</summary>
    public PermanentFailureException(string message) : base(message)
    {
    }

    /// <summary>Creates the exception with the reason shown to operators and its cause.</summary>
    public PermanentFailureException(string message, Exception innerException) : base(message, innerException)
    {
    }
}

/// <summary>No queue takes the published message; the text has the broker's reason.</summary>
public sealed class MessageReturnedException : ReliableMqException
{
    internal MessageReturnedException(string message) : base(message)
    {
    }
}

/// <summary>The broker refused the published message, such as a queue that is full.</summary>
public sealed class MessageNackedException : ReliableMqException
{
    internal MessageNackedException(string message) : base(message)
    {
    }
}

/// <summary>Whether the published message arrives is not known: its confirm did not come.</summary>
public sealed class MessageUnconfirmedException : ReliableMqException
{
    internal MessageUnconfirmedException(string message) : base(message)
    {
    }
}

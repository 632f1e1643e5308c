namespace ReliableMq.TestSupport;

/// <summary>What a <see cref="TcpProxy"/> does with a connection at the very chunk that a test has waited for.</summary>
public enum ProxyAction
{
    /// <summary>Passes the chunk on.</summary>
    Forward,

    /// <summary>Closes the connection on both sides; the chunk is lost.</summary>
    Cut,

    /// <summary>Resets the connection on both sides; the chunk is lost.</summary>
    Reset,

    /// <summary>Passes the chunk on whole, then resets the side that sent it and closes the other.</summary>
    ForwardThenReset,

    /// <summary>Holds the chunk and everything after it, both ways, for the rest of the connection's life.</summary>
    HalfOpen,

    /// <summary>Passes the chunk on; holds what the server says from now on, for the rest of the connection's life.</summary>
    DropAnswers,
}

namespace ReliableMq.TestSupport;

/// <summary>What a test can do to a server of its own, or to several at once.</summary>
public interface IPrivateServer
{
    /// <summary>Starts it after a stop or a crash; returns when it answers.</summary>
    Task StartAsync();

    /// <summary>Stops it in order.</summary>
    Task StopAsync();

    /// <summary>SIGKILL to all its processes: a crash.</summary>
    Task KillAsync();

    /// <summary>SIGSTOP to all its processes: it answers nobody, and its connections stay open.</summary>
    Task FreezeAsync();

    /// <summary>SIGCONT to all its processes.</summary>
    Task ResumeAsync();
}

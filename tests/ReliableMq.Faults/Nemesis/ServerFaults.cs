using ReliableMq.Faults.Running;
using ReliableMq.TestSupport;

namespace ReliableMq.Faults.Nemesis;

/// <summary>SIGKILL to all processes of a server. What it had confirmed or committed must be there again.</summary>
internal sealed class KillServer(Func<Stage, IPrivateServer> choose) : Fault
{
    public override Task InjectAsync(Stage stage) => choose(stage).KillAsync();

    public override Task HealAsync(Stage stage) => choose(stage).StartAsync();
}

/// <summary>A server is stopped in order and started again.</summary>
internal sealed class StopServer(Func<Stage, IPrivateServer> choose) : Fault
{
    public override Task InjectAsync(Stage stage) => choose(stage).StopAsync();

    public override Task HealAsync(Stage stage) => choose(stage).StartAsync();
}

/// <summary>SIGSTOP to all processes of a server: it answers nobody, and its connections stay open.</summary>
internal sealed class FreezeServer(Func<Stage, IPrivateServer> choose) : Fault
{
    public override Task InjectAsync(Stage stage) => choose(stage).FreezeAsync();

    public override Task HealAsync(Stage stage) => choose(stage).ResumeAsync();
}

using ReliableMq.Faults.Running;
using ReliableMq.TestSupport;

namespace ReliableMq.Faults.Nemesis;

/// <summary>All connections are closed and new ones are refused.</summary>
internal sealed class CutLine(Func<Stage, TcpProxy> choose) : Fault
{
    public override Task InjectAsync(Stage stage) => choose(stage).CutAsync();

    public override Task HealAsync(Stage stage)
    {
        choose(stage).Accepting = true;
        return Task.CompletedTask;
    }
}

/// <summary>All connections are reset.</summary>
internal sealed class ResetLine(Func<Stage, TcpProxy> choose) : Fault
{
    private int _connections;

    public override bool Bit => _connections > 0;

    public override Task InjectAsync(Stage stage)
    {
        _connections = choose(stage).OpenConnections;
        choose(stage).ResetAll();
        return Task.CompletedTask;
    }
}

/// <summary>Nothing passes, and nobody is told. What was held arrives when it heals.</summary>
internal sealed class HalfOpenLine(Func<Stage, TcpProxy> choose) : Fault
{
    private int _blind;

    public override Task InjectAsync(Stage stage)
    {
        _blind = stage.LineWitness.CloseEyes();
        choose(stage).HalfOpen = true;
        return Task.CompletedTask;
    }

    public override Task HealAsync(Stage stage)
    {
        choose(stage).HalfOpen = false;
        stage.LineWitness.OpenEyes(_blind);
        return Task.CompletedTask;
    }
}

/// <summary>
/// What a service says arrives, the answers do not, and then its connections are reset: commits and publishes with an
/// unknown outcome.
/// </summary>
internal sealed class LoseAnswers(Func<Stage, TcpProxy> choose) : Fault
{
    public override Task InjectAsync(Stage stage)
    {
        choose(stage).DropAnswers = true;
        return Task.CompletedTask;
    }

    public override Task HealAsync(Stage stage)
    {
        choose(stage).ResetAll();
        choose(stage).DropAnswers = false;
        return Task.CompletedTask;
    }
}

/// <summary>Connections of both services are reset right behind a COMMIT: it arrives, its answer does not, and its sender cannot know.</summary>
internal sealed class ResetAtCommit : Fault
{
    private const int Most = 30;
    private int _commits;

    public override bool Bit => _commits > 0;

    public override Task InjectAsync(Stage stage)
    {
        foreach (var line in stage.DatabaseLines)
        {
            line.OnClientData(chunk =>
                chunk.Span.IndexOf("COMMIT"u8) >= 0 && Interlocked.Increment(ref _commits) <= Most ? ProxyAction.ForwardThenReset : ProxyAction.Forward);
        }

        return Task.CompletedTask;
    }

    public override Task HealAsync(Stage stage)
    {
        foreach (var line in stage.DatabaseLines)
        {
            line.OnClientData(null);
        }

        return Task.CompletedTask;
    }
}

/// <summary>Everything comes late, or little at a time.</summary>
internal sealed class SlowLine(Func<Stage, TcpProxy> choose, int dice) : Fault
{
    private int _blind;

    public override Task InjectAsync(Stage stage)
    {
        _blind = stage.LineWitness.CloseEyes();
        var line = choose(stage);
        line.Latency = TimeSpan.FromMilliseconds(dice % 3 == 0 ? 0 : 50 + dice % 200);
        line.BytesPerSecond = dice % 3 == 0 ? 20_000 : 0;
        return Task.CompletedTask;
    }

    public override Task HealAsync(Stage stage)
    {
        choose(stage).Latency = TimeSpan.Zero;
        choose(stage).BytesPerSecond = 0;
        stage.LineWitness.OpenEyes(_blind);
        return Task.CompletedTask;
    }
}

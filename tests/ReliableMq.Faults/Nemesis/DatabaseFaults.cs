using System.Diagnostics;
using Npgsql;
using ReliableMq.Faults.Running;
using ReliableMq.TestSupport;

namespace ReliableMq.Faults.Nemesis;

/// <summary>SIGKILL to one backend of a service, as by the out-of-memory killer: the whole server recovers.</summary>
internal sealed class KillBackend(int dice) : Fault
{
    public override async Task InjectAsync(Stage stage)
    {
        var database = dice % 2 == 0 ? stage.Sending : stage.Handling;
        var backends = await database.QueryAsync<int>(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() ORDER BY pid");
        if (backends.Count > 0)
        {
            using var victim = Process.GetProcessById(backends[dice / 2 % backends.Count]);
            victim.Kill();
        }
    }
}

/// <summary>An administrator ends all connections to one service's database.</summary>
internal sealed class EndBackends(int dice) : Fault
{
    public override async Task InjectAsync(Stage stage)
    {
        try
        {
            await (dice % 2 == 0 ? stage.Sending : stage.Handling).CloseAllConnectionsAsync();
        }
        catch (NpgsqlException)
        {
            // A backend that did not end in time is ended by the server later.
        }
    }
}

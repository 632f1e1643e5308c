using System.Diagnostics;
using System.Globalization;
using Npgsql;
using ReliableMq.Faults.Running;
using ReliableMq.TestSupport;

namespace ReliableMq.Faults.Nemesis;

/// <summary>SIGKILL to one backend of a service, as by the out-of-memory killer: the whole server recovers.</summary>
internal sealed class KillBackend(int dice) : Fault
{
    private bool _isKilled;

    public override bool Bit => _isKilled;

    public override async Task InjectAsync(Stage stage)
    {
        var database = dice % 2 == 0 ? stage.Sending : stage.Handling;
        var backends = await database.QueryAsync<int>(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() ORDER BY pid");
        if (backends.Count > 0)
        {
            using var victim = Process.GetProcessById(backends[dice / 2 % backends.Count]);
            victim.Kill();
            _isKilled = true;
        }
    }
}

/// <summary>SIGSTOP to one session, with all that it has locked; at best to one in the midst of a transaction.</summary>
internal sealed class FreezeBackend(int dice) : Fault
{
    private int? _frozen;

    public override bool Bit => _frozen is not null;

    public override async Task InjectAsync(Stage stage)
    {
        var database = dice % 2 == 0 ? stage.Sending : stage.Handling;
        var backends = await database.QueryAsync<int>(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() ORDER BY state = 'idle', pid");
        if (backends.Count > 0)
        {
            _frozen = backends[dice / 2 % Math.Min(backends.Count, 4)];
            await SignalAsync("STOP", _frozen.Value);
        }
    }

    public override Task HealAsync(Stage stage) => _frozen is { } pid ? SignalAsync("CONT", pid) : Task.CompletedTask;

    private static async Task SignalAsync(string signal, int pid)
    {
        using var kill = Process.Start("kill", [$"-{signal}", pid.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
    }
}

/// <summary>The file system of both databases is full: what needs another page is refused, what finds room in one is not.</summary>
internal sealed class FillDatabaseDisk : Fault
{
    public const string Name = "fill-database-disk";

    /// <summary>What the server says where a session has to write first what it begins with.</summary>
    private const string NoSession = "could not write init file";

    public override async Task InjectAsync(Stage stage)
    {
        await stage.Postgres.FillDiskAsync();
        try
        {
            await stage.Handling.ExecuteAsync("CREATE TEMP TABLE more AS SELECT repeat('x', 500) FROM generate_series(1, 2000)");
        }
        catch (PostgresException refused) when (refused is { SqlState: PostgresErrorCodes.DiskFull } or { MessageText: NoSession })
        {
            stage.History.Say($"the database says {refused.Message}");
            return;
        }

        throw new InvalidOperationException("There is room on the disk again.");
    }

    public override Task HealAsync(Stage stage) => stage.Postgres.DrainDiskAsync();
}

/// <summary>
/// The primary dies for good, and its standby takes over. The standby is made for that and follows synchronously from
/// the moment it is attached until the primary dies. Before and after, the primary is alone: else commits would wait
/// for a standby that is not there.
/// </summary>
internal sealed class FailOver : Fault
{
    private PrivatePostgres? _standby;

    public override async Task InjectAsync(Stage stage)
    {
        _standby ??= await stage.Postgres.CreateStandbyAsync();
        stage.History.Say("commits wait for the standby; the primary is killed");
        await stage.Postgres.KillAsync();
    }

    public override async Task HealAsync(Stage stage)
    {
        var timeline = await _standby!.PromoteAsync();
        stage.History.Say($"the standby is the primary, on timeline {timeline}");
        await stage.FailOverToAsync(_standby);
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

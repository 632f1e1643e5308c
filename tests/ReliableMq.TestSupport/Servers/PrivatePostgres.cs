using System.Diagnostics;
using System.Globalization;
using Npgsql;

namespace ReliableMq.TestSupport;

/// <summary>A PostgreSQL of one test's own.</summary>
public sealed class PrivatePostgres : PrivateServer
{
    private const string OnDisk = "on_disk";

    private readonly string? _version;
    private readonly bool _hasDisk;

    private PrivatePostgres(string? version, bool hasDisk, params IEnumerable<string> making)
        : base("postgres", "POSTGRES", version, making: [.. making, .. hasDisk ? (string[])["--disk"] : []])
    {
        _version = version;
        _hasDisk = hasDisk;
    }

    /// <summary>For <see cref="TestDatabase.CreateAsync"/>.</summary>
    public PostgresServer Server => new(new NpgsqlConnectionStringBuilder
    {
        Host = Fact("host"),
        Port = Port,
        Username = Fact("user"),
        Password = Fact("password"),
    }.ConnectionString)
    {
        Tablespace = _hasDisk ? OnDisk : null,
    };

    public int Port => NumberFact("port");

    /// <summary>Starts one.</summary>
    /// <param name="version">15 or 18; by default what <c>POSTGRES</c> says, or the system's own.</param>
    /// <param name="withDisk">Whether its test databases are on a small file system of its own, if <see cref="MayHaveDiskAsync"/>.</param>
    public static async Task<PrivatePostgres> CreateAsync(string? version = null, bool withDisk = false)
    {
        var server = new PrivatePostgres(version, withDisk);
        await server.StartAsync();
        if (withDisk)
        {
            await DatabaseAdmin.ExecuteAsync(server.Server, $"CREATE TABLESPACE {OnDisk} LOCATION '{Path.Combine(server.Folder, "disk", "databases").Replace("'", "''", StringComparison.Ordinal)}'");
        }

        return server;
    }

    /// <summary>Whether file systems may be mounted here. It is tried where nobody sees it, and nothing stays of it.</summary>
    public static async Task<bool> MayHaveDiskAsync()
    {
        using var trial = Process.Start(new ProcessStartInfo("bash", ["-c", "unshare --mount mount -t tmpfs tmpfs /tmp 2>/dev/null"]))!;
        await trial.WaitForExitAsync();
        return trial.ExitCode == 0;
    }

    /// <summary>Nothing more fits on its disk: a statement that needs another page fails with 53100.</summary>
    public Task FillDiskAsync() => RunAsync("fill");

    /// <summary>Gives its disk room again.</summary>
    public Task DrainDiskAsync() => RunAsync("drain");

    /// <summary>
    /// Starts a copy that follows this server synchronously. When this returns, whatever was ever acknowledged is with the
    /// copy, and a commit is acknowledged only when it is there, too: without the copy nothing can be committed any more.
    /// </summary>
    public async Task<PrivatePostgres> CreateStandbyAsync()
    {
        var standby = new PrivatePostgres(_version, _hasDisk, "--standby-of", Name);
        try
        {
            await standby.StartAsync();
            await using var connection = new NpgsqlConnection(Server.ConnectionString + ";Database=postgres;Pooling=false");
            await connection.OpenAsync();
            await ExecuteAsync(connection, "ALTER SYSTEM SET synchronous_standby_names = '*'");
            await ExecuteAsync(connection, "SELECT pg_reload_conf()");
            await Eventually.TrueAsync(async () => (bool)(await ExecuteAsync(connection, "SELECT EXISTS (SELECT FROM pg_stat_replication WHERE sync_state = 'sync')"))!, "the standby is in sync");
            await SeeCommitWaitAsync(connection, standby);
            return standby;
        }
        catch
        {
            await standby.DisposeAsync();
            throw;
        }
    }

    /// <summary>Makes a server that follows another one accept writes.</summary>
    /// <returns>Its timeline, which is another one than that of the server before.</returns>
    public async Task<int> PromoteAsync()
    {
        await using var connection = new NpgsqlConnection(Server.ConnectionString + ";Database=postgres;Pooling=false");
        await connection.OpenAsync();
        await ExecuteAsync(connection, "SELECT pg_promote() WHERE pg_is_in_recovery()");
        await Eventually.TrueAsync(async () => !(bool)(await ExecuteAsync(connection, "SELECT pg_is_in_recovery()"))!, "the standby is promoted");
        return int.Parse(((string)(await ExecuteAsync(connection, "SELECT pg_walfile_name(pg_current_wal_lsn())"))!)[..8], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
    }

    /// <summary>
    /// Begins a shutdown that waits for those who are connected, and refuses everybody else meanwhile with 57P03, the
    /// error of a server that recovers, too. <see cref="PrivateServer.StopAsync"/> ends it.
    /// </summary>
    public async Task RefuseConnectionsAsync()
    {
        await using var connection = new NpgsqlConnection(Server.ConnectionString + ";Pooling=false");
        await connection.OpenAsync();
        var process = (string)(await ExecuteAsync(connection, "SELECT split_part(pg_read_file('postmaster.pid'), E'\n', 1)"))!;
        Native.Send(int.Parse(process, CultureInfo.InvariantCulture), Native.SigTerm);
    }

    /// <summary>
    /// A setting that was reloaded holds when the process that minds it has read it, and that a standby counts as
    /// synchronous does not tell that. So the standby stands still until a commit is seen that waits for it.
    /// </summary>
    private async Task SeeCommitWaitAsync(NpgsqlConnection connection, PrivatePostgres standby)
    {
        var commits = new List<Task>();
        await standby.FreezeAsync();
        try
        {
            await Eventually.TrueAsync(async () =>
            {
                if (commits.All(commit => commit.IsCompleted))
                {
                    commits.Add(DatabaseAdmin.ExecuteAsync(Server, "SELECT pg_logical_emit_message(true, 'standby', '')"));
                }

                return (bool)(await ExecuteAsync(connection, "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'SyncRep')"))!;
            }, "commits wait for the standby");
        }
        finally
        {
            await standby.ResumeAsync();
        }

        await Task.WhenAll(commits);
    }

    private static async Task<object?> ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync();
    }
}

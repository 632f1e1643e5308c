using System.Globalization;
using Npgsql;

namespace ReliableMq.TestSupport;

/// <summary>A PgBouncer of one test's own before a PostgreSQL, in transaction mode. It ends with its test.</summary>
public sealed class PrivatePgBouncer : IAsyncDisposable
{
    private readonly ChildProcess _process;
    private readonly DirectoryInfo _folder;
    private readonly int _port;

    private PrivatePgBouncer(ChildProcess process, DirectoryInfo folder, int port)
    {
        _process = process;
        _folder = folder;
        _port = port;
    }

    /// <summary>Starts one.</summary>
    /// <param name="poolSize">How many connections to the server each database has at most.</param>
    /// <param name="server">Default: the shared one.</param>
    public static async Task<PrivatePgBouncer> CreateAsync(int poolSize, PostgresServer? server = null)
    {
        var program = await Tools.FindAsync("pgbouncer");
        var target = new NpgsqlConnectionStringBuilder((server ?? await SharedServers.PostgresAsync()).ConnectionString);
        while (true)
        {
            int port;
            using (var free = new ReservedPort())
            {
                port = free.Number;
            }

            var folder = Directory.CreateTempSubdirectory("pgbouncer-");
            var settings = Path.Combine(folder.FullName, "pgbouncer.ini");
            var password = string.IsNullOrEmpty(target.Password) ? "" : $"password='{target.Password}'";
            await File.WriteAllTextAsync(
                settings,
                $"""
                [databases]
                * = host={target.Host} port={target.Port} user={target.Username} {password}
                [pgbouncer]
                listen_addr = 127.0.0.1
                listen_port = {port}
                unix_socket_dir =
                auth_type = any
                pool_mode = transaction
                default_pool_size = {poolSize}
                max_client_conn = 500
                """);

            // It refuses to be root, and then reads its settings before it becomes somebody else.
            string[] user = Environment.UserName == "root" ? ["-u", "nobody"] : [];
            var process = ChildProcess.Start(program, [.. user, settings]);
            try
            {
                await process.WaitForLineAsync(line => line.Contains("process up", StringComparison.Ordinal));
                return new PrivatePgBouncer(process, folder, port);
            }
            catch (ShouldAssertException) when (process.Output.Any(line => line.Contains("Address already in use", StringComparison.Ordinal)))
            {
                // Somebody took the port in between.
                await process.DisposeAsync();
                folder.Delete(recursive: true);
            }
        }
    }

    /// <summary>The same database by way of this, as its documentation and that of Npgsql ask for.</summary>
    public string Through(string connectionString) => new NpgsqlConnectionStringBuilder(connectionString)
    {
        Host = "127.0.0.1",
        Port = _port,
        NoResetOnClose = true,
    }.ConnectionString;

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"pgbouncer on {_port}");

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        _folder.Delete(recursive: true);
    }
}

using System.Globalization;
using System.Net.Sockets;

namespace ReliableMq.TestSupport;

/// <summary>
/// An HAProxy of one test's own before the nodes of a RabbitMQ cluster. It looks whether a node takes connections, and
/// leaves open those that it has to one that no longer does, as most do that are in use. It ends with its test.
/// </summary>
public sealed class PrivateHaProxy : IAsyncDisposable
{
    private readonly ChildProcess _process;
    private readonly DirectoryInfo _folder;

    private PrivateHaProxy(ChildProcess process, DirectoryInfo folder, int port, int managementPort)
    {
        _process = process;
        _folder = folder;
        Port = port;
        ManagementPort = managementPort;
    }

    /// <summary>AMQP.</summary>
    public int Port { get; }

    /// <summary>The management plugin.</summary>
    public int ManagementPort { get; }

    public static async Task<PrivateHaProxy> CreateAsync(IReadOnlyList<RabbitMqServer> nodes)
    {
        var program = await Tools.FindAsync("haproxy");
        while (true)
        {
            int port, managementPort;
            using (var first = new ReservedPort())
            using (var second = new ReservedPort())
            {
                (port, managementPort) = (first.Number, second.Number);
            }

            var folder = Directory.CreateTempSubdirectory("haproxy-");
            var settings = Path.Combine(folder.FullName, "haproxy.cfg");
            await File.WriteAllTextAsync(
                settings,
                $"""
                defaults
                  mode tcp
                  timeout connect 2s
                  timeout client 1h
                  timeout server 1h
                listen amqp
                  bind 127.0.0.1:{port}
                  balance leastconn
                {Backends(nodes, node => node.Port)}
                listen management
                  bind 127.0.0.1:{managementPort}
                  balance roundrobin
                {Backends(nodes, node => node.Management.Port)}

                """);
            var process = ChildProcess.Start(program, ["-db", "-f", settings]);
            try
            {
                await Eventually.TrueAsync(async () => process.HasExited || await ListensAsync(port), "HAProxy listens");
                if (!process.HasExited)
                {
                    return new PrivateHaProxy(process, folder, port, managementPort);
                }
            }
            catch
            {
                await process.DisposeAsync();
                throw;
            }

            await process.WaitForExitAsync();
            if (!process.Output.Any(line => line.Contains("cannot bind socket", StringComparison.OrdinalIgnoreCase)))
            {
                throw new InvalidOperationException($"HAProxy ended with {process.ExitCode}: {string.Join(Environment.NewLine, process.Output)}");
            }

            // Somebody took the port in between.
            folder.Delete(recursive: true);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    private static string Backends(IEnumerable<RabbitMqServer> nodes, Func<RabbitMqServer, int> port) => string.Join(
        Environment.NewLine,
        nodes.Select((node, i) => string.Create(CultureInfo.InvariantCulture, $"  server node{i + 1} {node.HostName}:{port(node)} check inter 1s fall 2 rise 2")));

    private static async Task<bool> ListensAsync(int port)
    {
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync("127.0.0.1", port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}

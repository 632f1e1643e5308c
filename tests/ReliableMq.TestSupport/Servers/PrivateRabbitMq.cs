using System.Globalization;

namespace ReliableMq.TestSupport;

/// <summary>A RabbitMQ of one test's own.</summary>
public sealed class PrivateRabbitMq : PrivateServer
{
    private const string UsualMemory = """{absolute, "1GiB"}""";

    private PrivateRabbitMq(string? version, string? name = null)
        : base("rabbitmq", "RABBITMQ", version, name)
    {
    }

    /// <summary>For <see cref="TestVirtualHost.CreateAsync"/>.</summary>
    public RabbitMqServer Server => new(
        Fact("host"),
        NumberFact("port"),
        Fact("user"),
        Fact("password"),
        new UriBuilder("http", Fact("host"), NumberFact("management_port")).Uri);

    /// <summary>Where it speaks TLS, if it was started with certificates.</summary>
    public int TlsPort => NumberFact("tls_port");

    /// <summary>What the broker calls itself, such as rabbit@localhost.</summary>
    public string Node => Fact("node");

    /// <summary>Starts one that also speaks TLS.</summary>
    /// <param name="certificates">Its own, and whose clients it trusts.</param>
    /// <param name="mutual">Whether it refuses clients that show no certificate.</param>
    /// <param name="version">As for one without.</param>
    public static async Task<PrivateRabbitMq> CreateWithTlsAsync(TestCertificates certificates, bool mutual, string? version = null)
    {
        var server = new PrivateRabbitMq(version);
        var folder = Directory.CreateDirectory(Path.Combine(server.Folder, "tls")).FullName;
        foreach (var file in new[] { certificates.Authority, certificates.ServerCertificate, certificates.ServerKey })
        {
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        }

        if (mutual)
        {
            await File.WriteAllTextAsync(Path.Combine(folder, "mutual"), "");
        }

        await server.StartAsync();
        return server;
    }

    /// <summary>Starts one.</summary>
    /// <param name="version">3.10, 4.0 or 4.3; by default what <c>RABBITMQ</c> says, or the system's own.</param>
    public static Task<PrivateRabbitMq> CreateAsync(string? version = null) => CreateAsync(version, name: null);

    /// <summary>Starts one whose name makes it a node of a cluster.</summary>
    internal static async Task<PrivateRabbitMq> CreateAsync(string? version, string? name)
    {
        var server = new PrivateRabbitMq(version, name);
        await server.StartAsync();
        return server;
    }

    /// <summary>
    /// Makes the broker believe that its disk is nearly full, or no longer: publishers are blocked, consumers
    /// are not. Returns when the alarm is on, or off.
    /// </summary>
    public Task SetDiskAlarmAsync(bool on) => SetAlarmAsync(on, $"rabbit_disk_monitor:set_disk_free_limit(\"{(on ? "999GB" : "50MB")}\").");

    /// <summary>The same with its memory.</summary>
    public Task SetMemoryAlarmAsync(bool on) =>
        SetAlarmAsync(on, $"vm_memory_monitor:set_vm_memory_high_watermark({(on ? "0.00001" : UsualMemory)}).");

    /// <summary>
    /// Starts it empty, as after the loss of its disk: no queues, no messages, no virtual hosts or users but
    /// the first ones. Every connection is closed.
    /// </summary>
    public async Task ResetAsync()
    {
        await RunAsync("ctl", "stop_app");
        await RunAsync("ctl", "reset");
        await RunAsync("ctl", "start_app");
    }

    /// <summary>
    /// Has the broker write down which quorum queues it has. It does so by itself about every second, and one
    /// declared just before a crash is lost with its confirmed messages (seen on 3.10, 4.0 and 4.3): call this
    /// between declaring queues and killing.
    /// </summary>
    public Task SyncAsync() => RunAsync("ctl", "eval", "[dets:sync(Table) || Table <- dets:all()].");

    /// <summary>Has it take deliveries away that are not settled in time, and look for them every second. For channels that are opened later.</summary>
    public Task SetConsumerTimeoutAsync(TimeSpan timeout) => RunAsync("ctl", "eval",
        string.Create(CultureInfo.InvariantCulture, $"application:set_env(rabbit, consumer_timeout, {timeout.TotalMilliseconds}), application:set_env(rabbit, channel_tick_interval, 1000)."));

    /// <summary>
    /// Cuts it off from other nodes of its cluster, which know at once; clients still reach it. They no longer accept one
    /// another's cookie, which unlike a rule of the firewall needs no rights and ends with the node.
    /// </summary>
    public Task CutOffAsync(IEnumerable<PrivateRabbitMq> others) => RunAsync("ctl", "eval",
        $"[begin erlang:set_cookie(Node, cut_off), erlang:disconnect_node(Node) end || Node <- {Names(others)}].");

    /// <summary>Lets it find the others again.</summary>
    public Task LetBackAsync(IEnumerable<PrivateRabbitMq> others) => RunAsync("ctl", "eval",
        $"[erlang:set_cookie(Node, erlang:get_cookie()) || Node <- {Names(others)}].");

    private static string Names(IEnumerable<PrivateRabbitMq> nodes) => $"[{string.Join(',', nodes.Select(node => $"'{node.Node}'"))}]";

    private async Task SetAlarmAsync(bool on, string expression)
    {
        await RunAsync("ctl", "eval", expression);
        using var management = new ManagementApi(Server);
        await Eventually.EqualAsync(on, management.HasAlarmAsync, "alarm of the broker");
    }
}

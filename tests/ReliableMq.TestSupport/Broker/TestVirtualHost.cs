using System.Text;
using RabbitMQ.Client;

namespace ReliableMq.TestSupport;

/// <summary>
/// A virtual host of one test's own, with a user of its own who has all rights in it and none elsewhere.
/// The helpers work as the server's administrator over a connection of their own, which is neither listed
/// nor closed by them.
/// </summary>
public sealed class TestVirtualHost : IAsyncDisposable
{
    private readonly RabbitMqServer _server;
    private readonly ManagementApi _management;
    private readonly AdminConnection _admin;

    private TestVirtualHost(RabbitMqServer server)
    {
        _server = server;
        _management = new ManagementApi(server);
        _admin = new AdminConnection(server, VirtualHost);
    }

    public string HostName => _server.HostName;

    public int Port => _server.Port;

    public string VirtualHost { get; } = $"test-{Some.Id()}";

    public string UserName => VirtualHost;

    public string Password { get; } = Some.Id();

    public Uri Uri => UriAt(HostName, Port);

    /// <summary>The management plugin; the user may read it and set policies.</summary>
    public Uri ManagementUri => _server.Management;

    /// <summary>Creates one.</summary>
    /// <param name="server">Default: the shared one.</param>
    public static async Task<TestVirtualHost> CreateAsync(RabbitMqServer? server = null)
    {
        var host = new TestVirtualHost(server ?? await SharedServers.RabbitMqAsync());
        await host.CreateAgainAsync();
        return host;
    }

    /// <summary>The same one with the same user, on a server that has lost everything.</summary>
    public async Task CreateAgainAsync()
    {
        await _management.PutAsync($"vhosts/{VirtualHost}", new { });
        await RestoreCredentialsAsync();
        await AllowAsync(true);
    }

    /// <summary>The same virtual host by way of a proxy.</summary>
    public Uri UriThrough(TcpProxy proxy) => UriAt(proxy.Host, proxy.Port);

    /// <summary>A plain connection as the user; the caller disposes it.</summary>
    public Task<IConnection> OpenConnectionAsync(string clientName = "test") =>
        BrokerConnections.OpenAsync(HostName, Port, VirtualHost, UserName, Password, clientName);

    /// <summary>Runs any action on a fresh channel: declare, bind, purge, delete.</summary>
    public Task<T> UseChannelAsync<T>(Func<IChannel, Task<T>> action) => _admin.UseChannelAsync(action);

    /// <inheritdoc cref="UseChannelAsync{T}"/>
    public Task UseChannelAsync(Func<IChannel, Task> action) => _admin.UseChannelAsync(async channel =>
    {
        await action(channel);
        return true;
    });

    /// <summary>Publishes mandatory and returns after the confirm; a return or a nack is an error that says so.</summary>
    public Task PublishAsync(
        string exchange, string routingKey, ReadOnlyMemory<byte> body, BasicProperties? properties = null) =>
        _admin.PublishAsync(exchange, routingKey, body, properties ?? new BasicProperties());

    /// <summary>The same with a text as the body.</summary>
    public Task PublishAsync(string exchange, string routingKey, string body, BasicProperties? properties = null) =>
        PublishAsync(exchange, routingKey, Encoding.UTF8.GetBytes(body), properties);

    /// <summary>Takes the next message out of a queue; null where there is none ready.</summary>
    public Task<BasicGetResult?> GetAsync(string queue) =>
        UseChannelAsync(channel => channel.BasicGetAsync(queue, autoAck: true));

    /// <summary>
    /// Counts a queue's messages. Ready is exact. Unacked is up to five seconds old, the broker's statistics
    /// interval: await it with <see cref="Eventually"/>. To count exactly what was not settled, close the
    /// consumers' connections: it is ready then.
    /// </summary>
    public async Task<QueueCounts> QueueCountsAsync(string queue)
    {
        var declared = await UseChannelAsync(channel => channel.QueueDeclarePassiveAsync(queue));
        var listed = (await ListQueuesAsync()).Single(candidate => candidate.Name == queue);
        return new QueueCounts(declared.MessageCount, listed.MessagesUnacknowledged);
    }

    public async Task<IReadOnlyList<BrokerQueue>> ListQueuesAsync() =>
        await _management.GetAsync<List<BrokerQueue>>(
            $"queues/{VirtualHost}?disable_stats=true&enable_queue_totals=true");

    /// <summary>How many connections, channels, exchanges or bindings there are, the broker's own and these helpers' included.</summary>
    public async Task<int> CountAsync(string what) => (await _management.GetAsync<List<object>>(
        what is "connections" or "channels" ? $"vhosts/{VirtualHost}/{what}" : $"{what}/{VirtualHost}")).Count;

    /// <summary>Deletes a queue, whatever is in it and whoever consumes it.</summary>
    public Task DeleteQueueAsync(string queue) => UseChannelAsync(channel => channel.QueueDeleteAsync(queue));

    /// <summary>Sets a policy, such as <c>{ ["max-length"] = 1, ["overflow"] = "reject-publish" }</c>.</summary>
    public Task SetPolicyAsync(
        string name, string pattern, IReadOnlyDictionary<string, object> definition, string applyTo = "queues", int priority = 0) =>
        _management.PutAsync(
            $"policies/{VirtualHost}/{Uri.EscapeDataString(name)}",
            new Dictionary<string, object>
            {
                ["pattern"] = pattern, ["definition"] = definition, ["apply-to"] = applyTo, ["priority"] = priority,
            });

    public Task DeletePolicyAsync(string name) =>
        _management.DeleteAsync($"policies/{VirtualHost}/{Uri.EscapeDataString(name)}");

    /// <summary>The user's open connections; the broker knows of one a moment after its client does.</summary>
    public async Task<IReadOnlyList<BrokerConnection>> ListConnectionsAsync()
    {
        var named = await _management.GetAsync<List<BrokerConnection>>($"vhosts/{VirtualHost}/connections");
        var open = await _management.GetAsync<List<BrokerConnection>>($"connections/username/{UserName}");
        return [.. open.Select(connection => named.Find(known => known.Name == connection.Name) ?? connection)];
    }

    /// <summary>
    /// Closes all connections of the user from the broker's side (320, CONNECTION_FORCED), at once; one that
    /// was opened this very moment may be missed.
    /// </summary>
    public Task CloseAllConnectionsAsync() => _management.DeleteAsync($"connections/username/{UserName}");

    /// <summary>
    /// Closes those whose client's name contains a text; waits for the first of them to be listed, which takes
    /// up to five seconds after it was opened.
    /// </summary>
    public async Task CloseConnectionsAsync(string clientName)
    {
        var found = await Eventually.FoundAsync(
            async () => (await ListConnectionsAsync()).Where(IsMeant).ToList() is { Count: > 0 } some ? some : null,
            $"connections named '{clientName}'");
        foreach (var connection in found)
        {
            await _management.DeleteAsync($"connections/{Uri.EscapeDataString(connection.Name)}");
        }

        bool IsMeant(BrokerConnection connection) =>
            connection.UserProvidedName?.Contains(clientName, StringComparison.Ordinal) == true;
    }

    /// <summary>
    /// Takes the user's password away and closes its connections, until for a while there was none: the broker
    /// registers a connection a little after its client was told that it is open, and would miss it.
    /// </summary>
    public async Task RevokeCredentialsAsync()
    {
        await SetPasswordAsync(Some.Id());
        var noneSince = TimeProvider.System.GetTimestamp();
        while (TimeProvider.System.GetElapsedTime(noneSince) < TimeSpan.FromMilliseconds(500))
        {
            if ((await _management.GetAsync<List<object>>($"connections/username/{UserName}")).Count > 0)
            {
                await CloseAllConnectionsAsync();
                noneSince = TimeProvider.System.GetTimestamp();
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, CancellationToken.None);
        }
    }

    /// <summary>Gives the user its password back.</summary>
    public Task RestoreCredentialsAsync() => SetPasswordAsync(Password);

    /// <summary>Gives the user another password; open connections stay.</summary>
    public Task ChangePasswordAsync(string password) => SetPasswordAsync(password);

    /// <summary>Takes the user's right to the virtual host away, or gives it back; open connections stay.</summary>
    public Task AllowAsync(bool access) => access
        ? _management.PutAsync($"permissions/{VirtualHost}/{UserName}", new { Configure = ".*", Write = ".*", Read = ".*" })
        : _management.DeleteAsync($"permissions/{VirtualHost}/{UserName}");

    /// <summary>Lets the user read only what matches; what it does already goes on.</summary>
    public Task AllowReadingAsync(string pattern) =>
        _management.PutAsync($"permissions/{VirtualHost}/{UserName}", new { Configure = ".*", Write = ".*", Read = pattern });

    /// <summary>Lets the user declare only what matches; to ask passively needs no right.</summary>
    public Task AllowDeclaringAsync(string pattern) =>
        _management.PutAsync($"permissions/{VirtualHost}/{UserName}", new { Configure = pattern, Write = ".*", Read = ".*" });

    /// <summary>Deletes the virtual host with all that is in it, and closes its connections.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            await _management.DeleteAsync($"vhosts/{VirtualHost}");
            await _management.DeleteAsync($"users/{UserName}");
        }
        catch (Exception error) when (error is HttpRequestException or OperationCanceledException)
        {
            // A broker that its test has stopped takes the virtual host along; nothing may hide the test's own failure.
        }

        await _admin.DisposeAsync();
        _management.Dispose();
    }

    private Task SetPasswordAsync(string password) =>
        _management.PutAsync($"users/{UserName}", new { Password = password, Tags = "monitoring,policymaker" });

    private Uri UriAt(string host, int port) =>
        new UriBuilder("amqp", host, port, VirtualHost) { UserName = UserName, Password = Password }.Uri;
}

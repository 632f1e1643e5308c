using System.Collections.Immutable;
using System.Net.Sockets;

namespace ReliableMq.TestSupport;

/// <summary>
/// Stands between a client and a server on loopback and spoils the line between them. Every setting may be
/// changed while connections are open and holds for those too.
/// </summary>
/// <remarks>
/// It never loses bytes from the middle of a stream, because TCP does not either: what is held is delivered
/// in order when the line heals, unless the connection is cut or reset first. While it holds, it does not
/// read, so that the sender's buffers fill up as on a dead line.
/// </remarks>
public sealed class TcpProxy : IAsyncDisposable
{
    private readonly ReservedPort _port = new();
    private readonly Lock _lock = new();
    private readonly List<Task> _tasks = [];
    private ImmutableHashSet<ProxyConnection> _connections = [];
    private bool _accepting;
    private volatile Tuple<string, int> _target;
    private volatile bool _halfOpen;
    private volatile bool _dropAnswers;
    private volatile bool _acceptAndIgnore;
    private volatile Func<ReadOnlyMemory<byte>, ProxyAction>? _onClientData;
    private volatile Func<ReadOnlyMemory<byte>, ProxyAction>? _onServerData;
    private long _latencyTicks;
    private long _bytesPerSecond;
    private long _bytesFromClient;
    private long _bytesFromServer;
    private int _accepted;

    private TcpProxy(string targetHost, int targetPort) => _target = Tuple.Create(targetHost, targetPort);

    public string Host => "127.0.0.1";

    public int Port => _port.Number;

    /// <summary>How much later everything arrives, each way.</summary>
    public TimeSpan Latency
    {
        get => TimeSpan.FromTicks(Volatile.Read(ref _latencyTicks));
        set => Volatile.Write(ref _latencyTicks, value.Ticks);
    }

    /// <summary>The most that passes in a second, each way and for each connection; 0 means no limit.</summary>
    public long BytesPerSecond
    {
        get => Volatile.Read(ref _bytesPerSecond);
        set => Volatile.Write(ref _bytesPerSecond, value);
    }

    /// <summary>Whether connections are accepted; otherwise they are refused, as by a stopped server.</summary>
    public bool Accepting
    {
        get => _accepting;
        set => SetAccepting(value);
    }

    /// <summary>
    /// Nothing passes, either way, and nobody is told: neither data nor the end of a connection. New
    /// connections are accepted and get no further.
    /// </summary>
    public bool HalfOpen
    {
        get => _halfOpen;
        set
        {
            _halfOpen = value;
            Changed.Beat();
        }
    }

    /// <summary>What the client says reaches the server; what the server says reaches nobody.</summary>
    public bool DropAnswers
    {
        get => _dropAnswers;
        set
        {
            _dropAnswers = value;
            Changed.Beat();
        }
    }

    /// <summary>Connections accepted from now on never reach the server, and are never answered.</summary>
    public bool AcceptAndIgnore
    {
        get => _acceptAndIgnore;
        set => _acceptAndIgnore = value;
    }

    /// <summary>How many connections are open now.</summary>
    public int OpenConnections => _connections.Count;

    /// <summary>How many connections were ever accepted.</summary>
    public int AcceptedConnections => Volatile.Read(ref _accepted);

    /// <summary>What clients have sent so far, held bytes included.</summary>
    public long BytesFromClient => Volatile.Read(ref _bytesFromClient);

    /// <summary>What the server has sent so far, held bytes included.</summary>
    public long BytesFromServer => Volatile.Read(ref _bytesFromServer);

    internal Pulse Changed { get; } = new();

    public static Task<TcpProxy> StartAsync(string targetHost, int targetPort)
    {
        var proxy = new TcpProxy(targetHost, targetPort);
        proxy.SetAccepting(true);
        return Task.FromResult(proxy);
    }

    /// <summary>
    /// Looks at each chunk that a client sends, before it is passed on, and says what happens at that very
    /// moment to its connection. A chunk is what one read returned: parts of frames, or several.
    /// </summary>
    public void OnClientData(Func<ReadOnlyMemory<byte>, ProxyAction>? look) => _onClientData = look;

    /// <summary>The same for what the server sends.</summary>
    public void OnServerData(Func<ReadOnlyMemory<byte>, ProxyAction>? look) => _onServerData = look;

    /// <summary>Connections that are accepted from now on lead to another server.</summary>
    public void LeadTo(string targetHost, int targetPort) => _target = Tuple.Create(targetHost, targetPort);

    /// <summary>Closes all connections and refuses new ones until <see cref="Accepting"/> is set again.</summary>
    public async Task CutAsync()
    {
        Accepting = false;
        foreach (var connection in _connections)
        {
            connection.Close();
        }

        await WaitForAsync(proxy => proxy.OpenConnections == 0, "all connections of the proxy closed");
    }

    /// <summary>Resets all connections at once (RST to both sides); new ones are accepted as before.</summary>
    public void ResetAll()
    {
        foreach (var connection in _connections)
        {
            connection.Reset();
        }
    }

    /// <summary>Waits until at least so many connections are open.</summary>
    public Task WaitForConnectionsAsync(int count, TimeSpan? timeout = null) =>
        WaitForAsync(proxy => proxy.OpenConnections >= count, $"{count} open connections", timeout);

    /// <summary>Waits until a condition over the proxy's counters is true.</summary>
    public Task WaitForAsync(Func<TcpProxy, bool> condition, string what, TimeSpan? timeout = null) =>
        Changed.WaitUntilAsync(() => condition(this), () => $"{what}: {this}", timeout);

    public async ValueTask DisposeAsync()
    {
        SetAccepting(false);
        _port.Dispose();
        ResetAll();
        Task[] tasks;
        lock (_lock)
        {
            tasks = [.. _tasks];
        }

        await Task.WhenAll(tasks);
    }

    public override string ToString() =>
        $"proxy on port {Port} with {OpenConnections} connections open of {AcceptedConnections} accepted, "
        + $"{BytesFromClient} bytes from clients, {BytesFromServer} from the server";

    internal ProxyAction See(ReadOnlyMemory<byte> chunk, bool fromClient)
    {
        var action = (fromClient ? _onClientData : _onServerData)?.Invoke(chunk) ?? ProxyAction.Forward;
        Interlocked.Add(ref fromClient ? ref _bytesFromClient : ref _bytesFromServer, chunk.Length);
        Changed.Beat();
        return action;
    }

    private void SetAccepting(bool accepting)
    {
        lock (_lock)
        {
            if (accepting == _accepting)
            {
                return;
            }

            _accepting = accepting;
            if (accepting)
            {
                _tasks.Add(AcceptAsync(_port.Listen()));
            }
            else
            {
                _port.Refuse();
            }
        }
    }

    private async Task AcceptAsync(Socket listener)
    {
        while (true)
        {
            Socket client;
            try
            {
                client = await listener.AcceptAsync();
            }
            catch (Exception error) when (error is SocketException or ObjectDisposedException)
            {
                return;
            }

            Add(new ProxyConnection(this, client));
        }
    }

    private void Add(ProxyConnection connection)
    {
        lock (_lock)
        {
            if (!_accepting)
            {
                // Accepted in the very moment of a cut, which has not seen it.
                connection.Reset();
                return;
            }

            ImmutableInterlocked.Update(ref _connections, (all, added) => all.Add(added), connection);
            Interlocked.Increment(ref _accepted);
            _tasks.Add(RunAsync(connection));
        }

        Changed.Beat();
    }

    private async Task RunAsync(ProxyConnection connection)
    {
        // Off the accepting thread, which holds the lock.
        await Task.Yield();
        try
        {
            var (host, port) = _target;
            await (AcceptAndIgnore ? connection.IgnoreAsync() : connection.RelayAsync(host, port));
        }
        finally
        {
            connection.Close();
            ImmutableInterlocked.Update(ref _connections, (all, gone) => all.Remove(gone), connection);
            Changed.Beat();
        }
    }
}

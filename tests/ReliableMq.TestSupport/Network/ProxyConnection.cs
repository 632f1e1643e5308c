using System.Net.Sockets;

namespace ReliableMq.TestSupport;

/// <summary>One connection through a <see cref="TcpProxy"/>: two sockets and a pipe each way.</summary>
internal sealed class ProxyConnection(TcpProxy proxy, Socket client)
{
    private readonly CancellationTokenSource _closed = new();
    private readonly Socket _server = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private volatile bool _holdAll;
    private volatile bool _holdAnswers;
    private volatile bool _clientIsGone;
    private volatile bool _serverIsGone;
    private bool _ended;

    public TcpProxy Proxy => proxy;

    /// <summary>Passes everything on until one side or the proxy ends it.</summary>
    public async Task RelayAsync(string host, int port)
    {
        try
        {
            client.NoDelay = true;
            await proxy.Changed.WaitUntilAsync(() => !proxy.HalfOpen, _closed.Token);
            await _server.ConnectAsync(host, port, _closed.Token);
            await Task.WhenAll(
                new ProxyPipe(this, client, _server, fromClient: true).RunAsync(_closed.Token),
                new ProxyPipe(this, _server, client, fromClient: false).RunAsync(_closed.Token));
        }
        catch (Exception error) when (error is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The server refused, or somebody reset or closed: the same for the other side.
            Reset();
        }
    }

    /// <summary>Takes what the client says and never answers, until the client or the proxy ends it.</summary>
    public async Task IgnoreAsync()
    {
        var buffer = new byte[4096];
        try
        {
            while (await client.ReceiveAsync(buffer, _closed.Token) is > 0 and var count)
            {
                proxy.See(buffer.AsMemory(0, count), fromClient: true);
            }
        }
        catch (Exception error) when (error is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // Its end, one way or another.
        }
    }

    /// <summary>Whether a direction stands still: by the whole proxy's setting or by this connection's fate.</summary>
    public bool IsHeld(bool fromClient) =>
        proxy.HalfOpen || _holdAll || (!fromClient && (proxy.DropAnswers || _holdAnswers));

    /// <summary>Whether a direction leads nowhere, because its receiver was reset and its sender need not know.</summary>
    public bool IsDiscarded(bool fromClient) => fromClient ? _serverIsGone : _clientIsGone;

    /// <summary>Does what the test decided for a chunk, but for passing it on.</summary>
    /// <returns>Whether the chunk is still to be passed on.</returns>
    public bool Apply(ProxyAction action)
    {
        switch (action)
        {
            case ProxyAction.Cut:
                Close();
                return false;
            case ProxyAction.Reset:
                Reset();
                return false;
            case ProxyAction.HalfOpen:
                _holdAll = true;
                return true;
            case ProxyAction.DropAnswers:
                _holdAnswers = true;
                return true;
            default:
                return true;
        }
    }

    /// <summary>
    /// Before the last chunk is passed on: what comes back for its sender is lost, however fast it comes.
    /// </summary>
    public void ExpectReset(bool fromClient)
    {
        _clientIsGone |= fromClient;
        _serverIsGone |= !fromClient;
    }

    /// <summary>After the last chunk: resets its sender, and closes the other side so that it reads the chunk.</summary>
    public void ResetSender(bool fromClient)
    {
        var (sender, receiver) = fromClient ? (client, _server) : (_server, client);
        Reset(sender);
        receiver.Shutdown(SocketShutdown.Send);
    }

    public void Close() => End(Close);

    public void Reset() => End(Reset);

    // Whoever ends it first decides how: the pipes, torn by a polite close, must not turn it into a reset.
    private void End(Action<Socket> end)
    {
        if (Interlocked.Exchange(ref _ended, true))
        {
            return;
        }

        end(client);
        end(_server);
        _closed.Cancel();
    }

    private static void Close(Socket socket)
    {
        try
        {
            socket.Shutdown(SocketShutdown.Both);
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // Not connected any more.
        }

        socket.Dispose();
    }

    private static void Reset(Socket socket)
    {
        try
        {
            socket.LingerState = new LingerOption(true, 0);
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // Closed already.
        }

        socket.Dispose();
    }
}

using System.Net;
using System.Net.Sockets;

namespace ReliableMq.TestSupport.Tests;

/// <summary>Sends back what it gets, and keeps all of it; says how its connections ended.</summary>
internal sealed class EchoServer : IAsyncDisposable
{
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly CancellationTokenSource _stopped = new();
    private readonly Lock _lock = new();
    private readonly List<byte> _received = [];
    private readonly List<string> _ends = [];
    private readonly Task _accepting;

    public EchoServer()
    {
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndPoint!).Port;

    public byte[] Received
    {
        get
        {
            lock (_lock)
            {
                return [.. _received];
            }
        }
    }

    /// <summary>"closed" or "reset" for each connection that has ended.</summary>
    public string[] Ends
    {
        get
        {
            lock (_lock)
            {
                return [.. _ends];
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        _stopped.Cancel();
        _listener.Dispose();
        await _accepting;
        _stopped.Dispose();
    }

    private async Task AcceptAsync()
    {
        var serving = new List<Task>();
        try
        {
            while (true)
            {
                serving.Add(ServeAsync(await _listener.AcceptAsync(_stopped.Token)));
            }
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(serving);
        }
    }

    private async Task ServeAsync(Socket client)
    {
        using var _ = client;
        var buffer = new byte[16 * 1024];
        try
        {
            while (await client.ReceiveAsync(buffer, _stopped.Token) is > 0 and var count)
            {
                lock (_lock)
                {
                    _received.AddRange(buffer.AsSpan(0, count));
                }

                await client.SendAsync(buffer.AsMemory(0, count), _stopped.Token);
            }

            End("closed");
        }
        catch (SocketException)
        {
            End("reset");
        }
        catch (OperationCanceledException)
        {
            // The test is over.
        }
    }

    private void End(string how)
    {
        lock (_lock)
        {
            _ends.Add(how);
        }
    }
}

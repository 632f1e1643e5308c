using System.Net;
using System.Net.Sockets;

namespace ReliableMq.TestSupport;

/// <summary>
/// A loopback port that a test keeps whether it listens or not: bound without listening it refuses
/// connections, as a stopped server's does.
/// </summary>
internal sealed class ReservedPort : IDisposable
{
    // Below 32768, where the system does not take ports for outgoing connections, and above those of ./dev.
    private const int First = 27000;
    private const int Last = 31999;
    private const int Backlog = 512;

    private Socket _socket;

    public ReservedPort()
    {
        while (true)
        {
            try
            {
                _socket = Bind(Random.Shared.Next(First, Last + 1));
                break;
            }
            catch (SocketException error) when (error.SocketErrorCode == SocketError.AddressAlreadyInUse)
            {
                // Taken by a server or by another test; there are thousands.
            }
        }

        Number = ((IPEndPoint)_socket.LocalEndPoint!).Port;
    }

    public int Number { get; }

    public Socket Listen()
    {
        _socket.Listen(Backlog);
        return _socket;
    }

    /// <summary>Stops listening; connections that nobody has accepted yet are reset.</summary>
    public void Refuse()
    {
        _socket.Dispose();
        _socket = Bind(Number);
    }

    public void Dispose() => _socket.Dispose();

    private static Socket Bind(int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}

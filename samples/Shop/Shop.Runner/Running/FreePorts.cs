using System.Net;
using System.Net.Sockets;

namespace Shop.Runner.Running;

/// <summary>Finds ports on loopback, the usual ones where they are free.</summary>
internal static class FreePorts
{
    private const int First = 5080;
    private const int Last = 5980;

    /// <summary>
    /// A runner listens on the port that is this far above each one it takes, for as long as it lives: between
    /// finding a port free and a service listening on it, another runner would find it free as well. Claimed
    /// first and tried then, because trying a port takes it for an instant.
    /// </summary>
    private const int ClaimOffset = 10_000;

    private static readonly List<Socket> Claims = [];

    public static IEnumerable<int> Find() =>
        Enumerable.Range(First, Last - First).Where(port => Claim(port) && IsFree(port));

    private static bool IsFree(int port)
    {
        using var listener = new TcpListener(IPAddress.Loopback, port);
        try
        {
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static bool Claim(int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(IPAddress.Loopback, port + ClaimOffset));
            // Bound alone claims nothing: .NET lets sockets share an address that nobody listens on.
            socket.Listen();
        }
        catch (SocketException)
        {
            socket.Dispose();
            return false;
        }

        lock (Claims)
        {
            Claims.Add(socket);
        }

        return true;
    }
}

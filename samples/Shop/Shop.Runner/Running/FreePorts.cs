using System.Net;
using System.Net.Sockets;

namespace Shop.Runner.Running;

/// <summary>Finds ports on loopback, the usual ones where they are free.</summary>
internal static class FreePorts
{
    private const int First = 5080;
    private const int Last = 5980;

    public static IEnumerable<int> Find() =>
        Enumerable.Range(First, Last - First).Where(IsFree);

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
}

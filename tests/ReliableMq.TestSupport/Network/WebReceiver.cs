using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace ReliableMq.TestSupport;

/// <summary>Takes what is posted to it by HTTP, and keeps it.</summary>
public sealed class WebReceiver : IAsyncDisposable
{
    private readonly HttpListener _listener = new();
    private readonly ConcurrentQueue<Posted> _received = new();
    private readonly Task _accepting;

    public WebReceiver()
    {
        Url = $"http://127.0.0.1:{FreePort()}/";
        _listener.Prefixes.Add(Url);
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public string Url { get; }

    /// <summary>Its answer.</summary>
    public HttpStatusCode Status { get; set; } = HttpStatusCode.OK;

    /// <summary>Where a redirect leads.</summary>
    public string? Location { get; set; }

    public IReadOnlyList<Posted> Received => [.. _received];

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var context = await _listener.GetContextAsync();
                using var body = new MemoryStream();
                await context.Request.InputStream.CopyToAsync(body);
                _received.Enqueue(new Posted(context.Request.HttpMethod, context.Request.ContentType, context.Request.Headers["ReliableMq-Signature"], body.ToArray()));
                context.Response.StatusCode = (int)Status;
                if (Location is not null)
                {
                    context.Response.RedirectLocation = Location;
                }

                context.Response.Close();
            }
        }
        catch (Exception exception) when (exception is HttpListenerException or ObjectDisposedException)
        {
            // Stopped.
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Close();
        await _accepting;
    }
}

/// <param name="Method">The request's method.</param>
/// <param name="ContentType">Its content type.</param>
/// <param name="Signature">What proves who posted it.</param>
/// <param name="Body">Its body.</param>
public sealed record Posted(string Method, string? ContentType, string? Signature, byte[] Body);

using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace ReliableMq.TestSupport;

/// <summary>Takes mail by SMTP, without encryption, and keeps it.</summary>
public sealed class MailServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentQueue<Mail> _received = new();
    private readonly Task _accepting;

    public MailServer()
    {
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>What it says to a finished mail; one that begins with 2 takes it.</summary>
    public string Answer { get; set; } = "250 taken";

    public IReadOnlyList<Mail> Received => [.. _received];

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                _ = TalkAsync(await _listener.AcceptTcpClientAsync());
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // Stopped.
        }
    }

    private async Task TalkAsync(TcpClient client)
    {
        using (client)
        await using (var stream = client.GetStream())
        using (var reader = new StreamReader(stream))
        await using (var writer = new StreamWriter(stream) { NewLine = "\r\n", AutoFlush = true })
        {
            await writer.WriteLineAsync("220 mail");
            var to = new List<string>();
            while (await reader.ReadLineAsync() is { } line)
            {
                switch (line.Split(' ')[0].ToUpperInvariant())
                {
                    case "RCPT":
                        to.Add(line[(line.IndexOf('<') + 1)..line.IndexOf('>')]);
                        await writer.WriteLineAsync("250 ok");
                        break;
                    case "DATA":
                        await writer.WriteLineAsync("354 go on");
                        var text = new List<string>();
                        while (await reader.ReadLineAsync() is { } part && part != ".")
                        {
                            text.Add(part);
                        }

                        if (Answer.StartsWith('2'))
                        {
                            // Long headers go on in a further line that begins with a space.
                            _received.Enqueue(new Mail([.. to], string.Join('\n', text).Replace("\n ", " ", StringComparison.Ordinal)));
                        }

                        await writer.WriteLineAsync(Answer);
                        break;
                    case "QUIT":
                        await writer.WriteLineAsync("221 bye");
                        return;
                    default:
                        await writer.WriteLineAsync("250 ok");
                        break;
                }
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Stop();
        await _accepting;
    }
}

/// <param name="To">The receivers.</param>
/// <param name="Text">Its headers and body as they came.</param>
public sealed record Mail(IReadOnlyList<string> To, string Text);

using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using Xunit;

namespace ReliableMq.TestSupport.Tests;

public sealed class TcpProxyTests : IAsyncLifetime
{
    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(150);

    private readonly EchoServer _server = new();
    private readonly List<TcpClient> _clients = [];
    private TcpProxy _proxy = null!;

    public async ValueTask InitializeAsync() => _proxy = await TcpProxy.StartAsync("127.0.0.1", _server.Port);

    public async ValueTask DisposeAsync()
    {
        _clients.ForEach(client => client.Dispose());
        await _proxy.DisposeAsync();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task Passes_everything_both_ways_in_order()
    {
        var line = await ConnectAsync();
        var sent = new byte[3_000_000];
        Random.Shared.NextBytes(sent);

        var sending = line.WriteAsync(sent).AsTask();
        var received = new byte[sent.Length];
        await line.ReadExactlyAsync(received);
        await sending;

        received.ShouldBe(sent);
        _proxy.BytesFromClient.ShouldBe(sent.Length);
        _proxy.BytesFromServer.ShouldBe(sent.Length);
        _proxy.AcceptedConnections.ShouldBe(1);
    }

    [Fact]
    public async Task A_close_travels_through_it()
    {
        var line = await ConnectAsync();
        await EchoAsync(line, "hello");

        line.Socket.Shutdown(SocketShutdown.Send);

        (await line.ReadAsync(new byte[1])).ShouldBe(0);
        await _proxy.WaitForAsync(proxy => proxy.OpenConnections == 0, "connection closed");
        _server.Ends.ShouldBe(["closed"]);
    }

    [Fact]
    public async Task Latency_delays_each_way_but_lets_as_much_through()
    {
        var line = await ConnectAsync();
        await EchoAsync(line, "warm");
        _proxy.Latency = TimeSpan.FromMilliseconds(100);

        var time = Stopwatch.StartNew();
        await EchoAsync(line, "ping");
        time.Elapsed.ShouldBeGreaterThan(TimeSpan.FromMilliseconds(199));

        // Twenty in a row would take four seconds if each waited for the one before.
        time.Restart();
        for (var i = 0; i < 20; i++)
        {
            await line.WriteAsync("ping"u8.ToArray());
            await _proxy.WaitForAsync(proxy => proxy.BytesFromClient >= 8 + 4 * (i + 1), "ping read");
        }

        await line.ReadExactlyAsync(new byte[80]);
        time.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(2));
    }

    [Fact]
    public async Task A_throttle_holds_its_rate_and_can_be_lifted_while_it_holds()
    {
        var line = await ConnectAsync();
        _proxy.BytesPerSecond = 20_000;

        var time = Stopwatch.StartNew();
        await line.WriteAsync(new byte[6_000]);
        await line.ReadExactlyAsync(new byte[6_000]);
        time.Elapsed.ShouldBeGreaterThan(TimeSpan.FromMilliseconds(250));

        await line.WriteAsync(new byte[2_000_000]);
        _proxy.BytesPerSecond = 0;
        await line.ReadExactlyAsync(new byte[2_000_000]);
    }

    [Fact]
    public async Task Cut_closes_all_and_refuses_until_it_accepts_again()
    {
        var (first, second) = (await ConnectAsync(), await ConnectAsync());
        await _proxy.WaitForConnectionsAsync(2);

        await _proxy.CutAsync();

        (await EndOfAsync(first)).ShouldBe("closed");
        (await EndOfAsync(second)).ShouldBe("closed");
        var refused = await Assert.ThrowsAnyAsync<SocketException>(ConnectAsync);
        refused.SocketErrorCode.ShouldBe(SocketError.ConnectionRefused);

        _proxy.Accepting = true;
        await EchoAsync(await ConnectAsync(), "back");
        _proxy.AcceptedConnections.ShouldBe(3);
    }

    [Fact]
    public async Task Reset_is_seen_as_a_reset_on_both_sides_and_leaves_the_door_open()
    {
        var line = await ConnectAsync();
        await EchoAsync(line, "hello");

        _proxy.ResetAll();

        (await EndOfAsync(line)).ShouldBe("reset");
        await Eventually.EqualAsync(["reset"], () => _server.Ends, "ends seen by the server");
        await EchoAsync(await ConnectAsync(), "again");
    }

    [Fact]
    public async Task Half_open_nothing_passes_and_nobody_is_told_until_it_heals()
    {
        var line = await ConnectAsync();
        await EchoAsync(line, "hello");
        _proxy.HalfOpen = true;

        await line.WriteAsync("lost?"u8.ToArray());
        line.Socket.Shutdown(SocketShutdown.Send);
        await Consistently.ForAsync(
            Moment, () => _server.Received.Length == 5 && _server.Ends is [] && line.Socket.Available == 0, "dead line");
        _proxy.OpenConnections.ShouldBe(1);

        _proxy.HalfOpen = false;
        var rest = new byte[5];
        await line.ReadExactlyAsync(rest);
        Encoding.ASCII.GetString(rest).ShouldBe("lost?");
        (await EndOfAsync(line)).ShouldBe("closed");
    }

    [Fact]
    public async Task A_dead_line_fills_the_sender_s_buffers()
    {
        var line = await ConnectAsync();
        await EchoAsync(line, "hello");
        _proxy.HalfOpen = true;

        using var patience = new CancellationTokenSource(TimeSpan.FromMilliseconds(500), TimeProvider.System);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => line.WriteAsync(new byte[64_000_000], patience.Token).AsTask());
    }

    [Fact]
    public async Task Dropped_answers_keep_the_client_waiting_while_the_server_hears_it()
    {
        var line = await ConnectAsync();
        await EchoAsync(line, "hello");
        _proxy.DropAnswers = true;

        await line.WriteAsync("order"u8.ToArray());
        await Eventually.EqualAsync(10, () => _server.Received.Length, "bytes heard by the server");
        await Consistently.EqualAsync(Moment, 0, () => line.Socket.Available, "bytes of an answer");

        _proxy.ResetAll();
        (await EndOfAsync(line)).ShouldBe("reset");
    }

    [Fact]
    public async Task Accept_and_ignore_reaches_no_server()
    {
        _proxy.AcceptAndIgnore = true;
        var line = await ConnectAsync();

        await line.WriteAsync("anybody there?"u8.ToArray());

        await _proxy.WaitForAsync(proxy => proxy.BytesFromClient == 14, "words taken");
        await Consistently.ForAsync(
            Moment, () => _server.Received is [] && line.Socket.Available == 0 && line.Socket.Connected, "silence");
        line.Close();
        await _proxy.WaitForAsync(proxy => proxy.OpenConnections == 0, "connection closed");
    }

    [Theory]
    [InlineData(ProxyAction.Cut, "closed", "hello")]
    [InlineData(ProxyAction.Reset, "reset", "hello")]
    [InlineData(ProxyAction.ForwardThenReset, "reset", "hellofatal")]
    public async Task A_fault_strikes_at_the_very_chunk(ProxyAction action, string clientSees, string serverHears)
    {
        var (line, bystander) = (await ConnectAsync(), await ConnectAsync());
        _proxy.OnClientData(chunk => chunk.Span.IndexOf("fatal"u8) >= 0 ? action : ProxyAction.Forward);
        await EchoAsync(line, "hello");

        await line.WriteAsync("fatal"u8.ToArray());

        (await EndOfAsync(line)).ShouldBe(clientSees);
        await Eventually.EqualAsync(
            serverHears, () => Encoding.ASCII.GetString(_server.Received), "heard by the server");
        await EchoAsync(bystander, "unharmed");
    }

    [Theory]
    [InlineData(ProxyAction.HalfOpen, "hello")]
    [InlineData(ProxyAction.DropAnswers, "hellofatal")]
    public async Task A_connection_may_go_silent_at_the_very_chunk(ProxyAction action, string serverHears)
    {
        var (line, bystander) = (await ConnectAsync(), await ConnectAsync());
        _proxy.OnClientData(chunk => chunk.Span.IndexOf("fatal"u8) >= 0 ? action : ProxyAction.Forward);
        await EchoAsync(line, "hello");

        await line.WriteAsync("fatal"u8.ToArray());

        await _proxy.WaitForAsync(proxy => proxy.BytesFromClient == 10, "chunk seen");
        await Eventually.EqualAsync(
            serverHears, () => Encoding.ASCII.GetString(_server.Received), "heard by the server");
        await Consistently.ForAsync(Moment, () => line.Socket is { Available: 0, Connected: true }, "silence");
        await EchoAsync(bystander, "unharmed");
    }

    [Fact]
    public async Task The_server_s_words_can_strike_too()
    {
        var line = await ConnectAsync();
        _proxy.OnServerData(_ => ProxyAction.Reset);

        await line.WriteAsync("hello"u8.ToArray());

        (await EndOfAsync(line)).ShouldBe("reset");
        _server.Received.Length.ShouldBe(5);
    }

    [Fact]
    public async Task A_server_that_is_not_there_resets_the_client()
    {
        using var nobody = new ReservedPort();
        await using var proxy = await TcpProxy.StartAsync("127.0.0.1", nobody.Number);

        try
        {
            (await EndOfAsync(await ConnectAsync(proxy))).ShouldBe("reset");
        }
        catch (SocketException error)
        {
            // So soon that the connect saw it already.
            error.SocketErrorCode.ShouldBe(SocketError.ConnectionReset);
        }
    }

    [Fact]
    public async Task Disposing_leaves_nothing_open()
    {
        var line = await ConnectAsync();
        await EchoAsync(line, "hello");

        await _proxy.DisposeAsync();

        (await EndOfAsync(line)).ShouldBe("reset");
        _proxy.OpenConnections.ShouldBe(0);
        await Assert.ThrowsAnyAsync<SocketException>(ConnectAsync);
    }

    private static async Task EchoAsync(NetworkStream line, string text)
    {
        var answer = new byte[text.Length];
        await line.WriteAsync(Encoding.ASCII.GetBytes(text));
        await line.ReadExactlyAsync(answer);
        Encoding.ASCII.GetString(answer).ShouldBe(text);
    }

    private static async Task<string> EndOfAsync(NetworkStream line)
    {
        try
        {
            (await line.ReadAsync(new byte[1]).AsTask().WaitAsync(TimeSpan.FromSeconds(20), TimeProvider.System)).ShouldBe(0);
            return "closed";
        }
        catch (IOException error) when (error.InnerException is SocketException { SocketErrorCode: SocketError.ConnectionReset })
        {
            return "reset";
        }
    }

    private Task<NetworkStream> ConnectAsync() => ConnectAsync(_proxy);

    private async Task<NetworkStream> ConnectAsync(TcpProxy proxy)
    {
        var client = new TcpClient { NoDelay = true };
        _clients.Add(client);
        await client.ConnectAsync(proxy.Host, proxy.Port);
        return client.GetStream();
    }
}

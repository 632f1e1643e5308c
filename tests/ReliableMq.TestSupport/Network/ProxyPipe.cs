using System.Diagnostics;
using System.Net.Sockets;
using System.Threading.Channels;

namespace ReliableMq.TestSupport;

/// <summary>
/// One direction of a connection. A reader and a writer with a queue between them, so that latency delays
/// what passes without limiting how much passes.
/// </summary>
internal sealed class ProxyPipe(ProxyConnection connection, Socket from, Socket to, bool fromClient)
{
    private const int QueuedChunks = 64;
    private const int ReadSize = 32 * 1024;

    // A throttled line moves in small steps, so that it is steady and a change of the limit soon felt.
    private const int StepsPerSecond = 20;

    private readonly Channel<Chunk> _queue = Channel.CreateBounded<Chunk>(QueuedChunks);
    private readonly TcpProxy _proxy = connection.Proxy;

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var reading = ReadAsync(cancellationToken);
        var writing = WriteAsync(cancellationToken);
        try
        {
            // The first to fail ends the connection; then the other fails by itself.
            await await Task.WhenAny(reading, writing);
            await Task.WhenAll(reading, writing);
        }
        catch (SocketException)
        {
            // A dead line does not tell the other side that this one is gone.
            await WaitUntilNotHeldAsync(cancellationToken);
            connection.Reset();
        }
    }

    private async Task ReadAsync(CancellationToken cancellationToken)
    {
        var buffer = new byte[ReadSize];
        while (true)
        {
            await WaitUntilNotHeldAsync(cancellationToken);
            var count = await from.ReceiveAsync(buffer, cancellationToken);
            if (count == 0)
            {
                _queue.Writer.Complete();
                return;
            }

            var chunk = buffer[..count];
            var action = _proxy.See(chunk, fromClient);
            if (!connection.Apply(action))
            {
                return;
            }

            var last = action == ProxyAction.ForwardThenReset;
            await _queue.Writer.WriteAsync(new Chunk(chunk, Stopwatch.GetTimestamp(), last), cancellationToken);
            if (last)
            {
                return;
            }
        }
    }

    private async Task WriteAsync(CancellationToken cancellationToken)
    {
        await foreach (var chunk in _queue.Reader.ReadAllAsync(cancellationToken))
        {
            await WaitOutLatencyAsync(chunk, cancellationToken);
            if (chunk.IsLast)
            {
                connection.ExpectReset(fromClient);
            }

            await SendAsync(chunk.Bytes, cancellationToken);
            if (chunk.IsLast)
            {
                connection.ResetSender(fromClient);
                return;
            }
        }

        await WaitUntilNotHeldAsync(cancellationToken);
        if (!IsDiscarded)
        {
            to.Shutdown(SocketShutdown.Send);
        }
    }

    private bool IsDiscarded => connection.IsDiscarded(fromClient);

    private async Task SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        while (bytes.Length > 0 && !IsDiscarded)
        {
            var limit = _proxy.BytesPerSecond;
            var step = limit > 0 ? (int)Math.Clamp(limit / StepsPerSecond, 1, bytes.Length) : bytes.Length;
            await WaitUntilNotHeldAsync(cancellationToken);
            if (IsDiscarded)
            {
                return;
            }

            try
            {
                await to.SendAsync(bytes[..step], cancellationToken);
            }
            catch (Exception error) when (IsDiscarded && error is SocketException or ObjectDisposedException)
            {
                return;
            }

            bytes = bytes[step..];
            if (limit > 0)
            {
                await Task.Delay(TimeSpan.FromSeconds((double)step / limit), TimeProvider.System, cancellationToken);
            }
        }
    }

    private async Task WaitOutLatencyAsync(Chunk chunk, CancellationToken cancellationToken)
    {
        // A timer may fire a little early.
        while (_proxy.Latency - Stopwatch.GetElapsedTime(chunk.ReadAt) is var left && left > TimeSpan.Zero)
        {
            await Task.Delay(left, TimeProvider.System, cancellationToken);
        }
    }

    private Task WaitUntilNotHeldAsync(CancellationToken cancellationToken) =>
        _proxy.Changed.WaitUntilAsync(() => !connection.IsHeld(fromClient), cancellationToken);

    private sealed record Chunk(byte[] Bytes, long ReadAt, bool IsLast);
}

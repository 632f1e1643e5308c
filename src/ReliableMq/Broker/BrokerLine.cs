using System.Diagnostics.CodeAnalysis;
using System.Net.Sockets;
using System.Reflection;
using System.Runtime.CompilerServices;
using RabbitMQ.Client;

namespace ReliableMq.Broker;

/// <summary>
/// The socket of one connection, which ends when the broker is silent for two heartbeats. The client waits for three to
/// four of them, on a timer that ends the whole process if the line breaks at that very moment
/// (<see href="https://github.com/rabbitmq/rabbitmq-dotnet-client/issues/1884"/>, seen with 7.1.2). So that timer is stopped.
/// </summary>
internal sealed class BrokerLine : TcpClientAdapter
{
    private const int BufferSize = 64 * 1024;

    /// <summary>Of half a heartbeat each. The first may come just after the last word.</summary>
    private const int MostSilentLooks = 4;

    private readonly Socket _socket;
    private readonly TimeProvider _time;
    private TimeSpan _heartbeat;
    private int _mostSilentLooks = MostSilentLooks + 1;
    private HeardStream? _stream;
    private ITimer? _timer;
    private int _silentLooks;

    /// <param name="family">Of the host's address.</param>
    /// <param name="heartbeat">What is proposed to the broker. While it is not agreed on, the broker has half of one more.</param>
    /// <param name="time">Each look follows the one before, so that a process that stood still gives the broker time to speak.</param>
    public BrokerLine(AddressFamily family, TimeSpan heartbeat, TimeProvider time)
        : this(new Socket(family, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveBufferSize = BufferSize, SendBufferSize = BufferSize }, heartbeat, time)
    {
    }

    private BrokerLine(Socket socket, TimeSpan heartbeat, TimeProvider time)
        : base(socket) => (_socket, _heartbeat, _time) = (socket, heartbeat, time);

    /// <summary>Whether it was ended because the broker said nothing.</summary>
    public bool IsSilent => _stream?.Silence is not null;

    public override NetworkStream GetStream()
    {
        if (_stream is null)
        {
            _stream = new HeardStream(_socket);
            _timer = _time.CreateTimer(static line => ((BrokerLine)line!).Look(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            _timer.Change(_heartbeat / 2, Timeout.InfiniteTimeSpan);
        }

        return _stream;
    }

    /// <summary>From now on the heartbeat is what was agreed on, for which the broker may have asked, and nobody else looks at it.</summary>
    public void Agree(IConnection connection)
    {
        _heartbeat = connection.Heartbeat;
        _mostSilentLooks = MostSilentLooks;
        StopTimer(connection);
    }

    /// <summary>There is no other way to it. Where it has another name, as in a version that is mended, it stays.</summary>
    [UnconditionalSuppressMessage("Trimming", "IL2075", Justification = "Without the field the timer stays, and this line is the first to give up.")]
    private static void StopTimer(IConnection connection) =>
        (connection.GetType().GetField("_heartbeatReadTimer", BindingFlags.Instance | BindingFlags.NonPublic)?.GetValue(connection) as Timer)?.Dispose();

    public override void Close()
    {
        _timer?.Dispose();
        base.Close();
    }

    protected override void Dispose(bool disposing)
    {
        _timer?.Dispose();
        base.Dispose(disposing);
    }

    private void Look()
    {
        _silentLooks = _stream!.WasHeard() ? 0 : _silentLooks + 1;
        if (_silentLooks < _mostSilentLooks || (_silentLooks == _mostSilentLooks && IsUnread()))
        {
            _timer!.Change(_heartbeat / 2, Timeout.InfiniteTimeSpan);
            return;
        }

        _stream.Silence = FormattableString.Invariant($"No word from the broker for two heartbeats of {_heartbeat.TotalSeconds} second(s).");
        _timer!.Dispose();
        _socket.Dispose();
    }

    /// <summary>The broker has spoken, and this process is too busy to read it: it has half a heartbeat more.</summary>
    private bool IsUnread()
    {
        try
        {
            return _socket.Available > 0;
        }
        catch (Exception exception) when (exception is ObjectDisposedException or SocketException)
        {
            return false;
        }
    }

    private sealed class HeardStream(Socket socket) : NetworkStream(socket)
    {
        private bool _isHeard;

        /// <summary>Why it has ended; null while it has not.</summary>
        public string? Silence { get; set; }

        public bool WasHeard() => Interlocked.Exchange(ref _isHeard, false);

        [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            try
            {
                var count = await base.ReadAsync(buffer, cancellationToken);
                Volatile.Write(ref _isHeard, true);
                return count;
            }
            catch (Exception) when (Silence is not null)
            {
                throw new EndOfStreamException(Silence);
            }
        }
    }
}

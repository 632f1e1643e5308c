using RabbitMQ.Client;

namespace ReliableMq.TestSupport;

/// <summary>
/// A channel with confirms for one publish at a time. The client's own tracking would add a header to the
/// message, which a test of headers must not find.
/// </summary>
internal sealed class ConfirmedChannel
{
    private readonly IChannel _channel;
    private TaskCompletionSource _outcome = new();
    private string? _returned;
    private bool _unanswered;

    private ConfirmedChannel(IChannel channel)
    {
        _channel = channel;
        channel.BasicAcksAsync += (_, _) => End(_returned);
        channel.BasicNacksAsync += (_, _) => End("nacked by the broker");
        channel.BasicReturnAsync += (_, returned) => Remember($"returned: {returned.ReplyCode} {returned.ReplyText}");
        channel.ChannelShutdownAsync += (_, reason) => End($"cut off: {reason.ReplyCode} {reason.ReplyText}");
    }

    /// <summary>Not where a publish was given up: its answer may still come, and would be taken for the next one's.</summary>
    public bool IsUsable => _channel.IsOpen && !_unanswered;

    public static async Task<ConfirmedChannel> OpenAsync(IConnection connection) =>
        new(await connection.CreateChannelAsync(new CreateChannelOptions(
            publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: false)));

    public async Task PublishAsync(
        string exchange, string routingKey, ReadOnlyMemory<byte> body, BasicProperties properties)
    {
        _outcome = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _returned = null;
        _unanswered = true;
        try
        {
            await _channel.BasicPublishAsync(exchange, routingKey, mandatory: true, properties, body);
            await _outcome.Task.WaitAsync(Deadline.Default, TimeProvider.System);
        }
        catch (Exception error)
        {
            throw new InvalidOperationException(
                $"Publishing to exchange '{exchange}' with routing key '{routingKey}': {error.Message}", error);
        }
    }

    private Task Remember(string returned)
    {
        _returned = returned;
        return Task.CompletedTask;
    }

    // A returned message is acked too, after its return: only then is it over.
    private Task End(string? failure)
    {
        _unanswered = false;
        if (failure is null)
        {
            _outcome.TrySetResult();
        }
        else
        {
            _outcome.TrySetException(new IOException(failure));
        }

        return Task.CompletedTask;
    }
}

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

    private ConfirmedChannel(IChannel channel)
    {
        _channel = channel;
        channel.BasicAcksAsync += (_, _) => End(null);
        channel.BasicNacksAsync += (_, _) => End("nacked by the broker");
        channel.BasicReturnAsync += (_, returned) => End($"returned: {returned.ReplyCode} {returned.ReplyText}");
        channel.ChannelShutdownAsync += (_, reason) => End($"cut off: {reason.ReplyCode} {reason.ReplyText}");
    }

    public bool IsOpen => _channel.IsOpen;

    public static async Task<ConfirmedChannel> OpenAsync(IConnection connection) =>
        new(await connection.CreateChannelAsync(new CreateChannelOptions(
            publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: false)));

    public async Task PublishAsync(
        string exchange, string routingKey, ReadOnlyMemory<byte> body, BasicProperties properties)
    {
        _outcome = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
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

    // The broker returns a message before it acks it: the first word counts.
    private Task End(string? failure)
    {
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

using RabbitMQ.Client;

namespace ReliableMq.TestSupport;

/// <summary>
/// The test's own way into a virtual host: the administrator's connection, opened when first used and again
/// after a fault has closed it.
/// </summary>
internal sealed class AdminConnection(RabbitMqServer server, string virtualHost) : IAsyncDisposable
{
    private readonly SemaphoreSlim _one = new(1);
    private IConnection? _connection;
    private ConfirmedChannel? _publisher;

    /// <summary>Runs an action on a channel of its own, because a failing one closes its channel.</summary>
    public async Task<T> UseChannelAsync<T>(Func<IChannel, Task<T>> action)
    {
        var connection = await OpenAsync();
        await using var channel = await connection.CreateChannelAsync();
        return await action(channel);
    }

    /// <summary>Publishes mandatory, one at a time, and returns after the confirm.</summary>
    public async Task PublishAsync(
        string exchange, string routingKey, ReadOnlyMemory<byte> body, BasicProperties properties)
    {
        var connection = await OpenAsync();
        await _one.WaitAsync();
        try
        {
            if (_publisher is not { IsUsable: true })
            {
                _publisher = await ConfirmedChannel.OpenAsync(connection);
            }

            await _publisher.PublishAsync(exchange, routingKey, body, properties);
        }
        finally
        {
            _one.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        _one.Dispose();
    }

    private async Task CloseAsync()
    {
        if (_connection is not null)
        {
            await _connection.DisposeAsync();
        }
    }

    private async Task<IConnection> OpenAsync()
    {
        await _one.WaitAsync();
        try
        {
            if (_connection is not { IsOpen: true })
            {
                await CloseAsync();
                _connection = await BrokerConnections.OpenAsync(
                    server.HostName, server.Port, virtualHost, server.UserName, server.Password, "test support");
            }

            return _connection;
        }
        finally
        {
            _one.Release();
        }
    }
}

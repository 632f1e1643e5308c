using System.Text.Json;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace ReliableMq.Integration.Support;

/// <summary>What arrives in a plain queue, in its order, told by a plain consumer.</summary>
internal sealed class Arrivals : IAsyncDisposable
{
    private readonly IConnection _connection;
    private readonly List<Arrival> _all = [];

    private Arrivals(IConnection connection) => _connection = connection;

    public static async Task<Arrivals> InAsync(World world, string queue)
    {
        var arrivals = new Arrivals(await world.Broker.OpenConnectionAsync("arrivals"));
        var channel = await arrivals._connection.CreateChannelAsync();
        var consumer = new AsyncEventingBasicConsumer(channel);
        consumer.ReceivedAsync += (_, delivery) =>
        {
            using var body = JsonDocument.Parse(delivery.Body);
            lock (arrivals._all)
            {
                arrivals._all.Add(new Arrival(
                    body.RootElement.GetProperty("number").GetInt32(),
                    delivery.BasicProperties.MessageId!,
                    delivery.BasicProperties.Headers?.TryGetValue("x-reliable-mq-ordering-key", out var key) == true && key is byte[] text
                        ? System.Text.Encoding.UTF8.GetString(text)
                        : null));
            }

            return Task.CompletedTask;
        };
        await channel.BasicConsumeAsync(queue, autoAck: true, consumer);
        return arrivals;
    }

    public IReadOnlyList<Arrival> All
    {
        get
        {
            lock (_all)
            {
                return [.. _all];
            }
        }
    }

    public IEnumerable<int> Numbers => All.Select(arrival => arrival.Number);

    public ValueTask DisposeAsync() => _connection.DisposeAsync();
}

internal sealed record Arrival(int Number, string MessageId, string? OrderingKey);

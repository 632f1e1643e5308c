using System.Text.Json;
using System.Threading.Channels;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Storage;
using Npgsql;
using NpgsqlTypes;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace ReliableMq.Benchmarks.EndToEnd;

/// <summary>
/// The same promise written by hand for this one message: outbox row in the transaction, mandatory publish with
/// confirm, sent rows kept in a history, inbox row and effect in one transaction, ack after commit. It has no
/// retries, no dead letters, no take-over, no tracing, no configuration.
/// </summary>
internal sealed class BaselinePipeline(Place place, Scenario scenario) : IPipeline
{
    private const string Exchange = "baseline", Queue = "baseline.ticks";
    private const int Concurrency = 8, Prefetch = 200, Window = 1_000, Batch = 500;

    private readonly Channel<(Guid Id, byte[] Body)> _committed = Channel.CreateUnbounded<(Guid, byte[])>();
    private readonly Channel<Guid> _confirmed = Channel.CreateUnbounded<Guid>();
    private readonly Channel<BasicDeliverEventArgs> _deliveries = Channel.CreateUnbounded<BasicDeliverEventArgs>();
    private readonly CancellationTokenSource _stopping = new();
    private readonly PooledDbContextFactory<BenchDb> _senderDb = Factory(place.Sender.ConnectionString);
    private readonly PooledDbContextFactory<BenchDb> _receiverDb = Factory(place.Receiver.ConnectionString);
    private IConnection? _publishing;
    private IConnection? _consuming;
    private IChannel? _consumer;
    private Task _running = Task.CompletedTask;

    public Arrivals Arrivals { get; set; } = new(0);

    public string OutboxTable => "outbox";

    public async Task StartAsync()
    {
        await place.Sender.ExecuteAsync(
            """
            CREATE TABLE outbox (id uuid PRIMARY KEY, message_id text NOT NULL, exchange text NOT NULL, routing_key text NOT NULL,
                content_type text NOT NULL, headers text, body bytea NOT NULL, created_at timestamptz NOT NULL, available_at timestamptz NOT NULL);
            CREATE INDEX ON outbox (available_at);
            CREATE TABLE outbox_history (id uuid PRIMARY KEY, message_id text NOT NULL, exchange text NOT NULL, routing_key text NOT NULL,
                content_type text NOT NULL, headers text, body bytea NOT NULL, created_at timestamptz NOT NULL, sent_at timestamptz NOT NULL);
            """);
        await place.Receiver.ExecuteAsync(
            "CREATE TABLE inbox (queue text COLLATE \"C\", message_id text COLLATE \"C\", handled_at timestamptz NOT NULL DEFAULT clock_timestamp(), PRIMARY KEY (queue, message_id))");
        _publishing = await place.Broker.OpenConnectionAsync("publish");
        _consuming = await place.Broker.OpenConnectionAsync("consume");
        _consumer = await _consuming.CreateChannelAsync();
        await _consumer.ExchangeDeclareAsync(Exchange, "topic", durable: true);
        await _consumer.QueueDeclareAsync(Queue, durable: true, exclusive: false, autoDelete: false, new Dictionary<string, object?> { ["x-queue-type"] = "quorum" });
        await _consumer.QueueBindAsync(Queue, Exchange, "tick");
        await _consumer.BasicQosAsync(0, Prefetch, global: false);
        var consumer = new AsyncEventingBasicConsumer(_consumer);
        consumer.ReceivedAsync += async (_, delivery) =>
        {
            // The body's memory is only ours until this returns.
            var copy = new BasicDeliverEventArgs(delivery.ConsumerTag, delivery.DeliveryTag, delivery.Redelivered, delivery.Exchange, delivery.RoutingKey, delivery.BasicProperties, delivery.Body.ToArray());
            await _deliveries.Writer.WriteAsync(copy);
        };
        await _consumer.BasicConsumeAsync(Queue, autoAck: false, consumer);
        _running = Task.WhenAll([
            Task.Run(() => PublishAsync(_stopping.Token)), Task.Run(() => FinishAsync(_stopping.Token)),
            .. Enumerable.Range(0, Concurrency).Select(_ => Task.Run(() => HandleAsync(_stopping.Token)))]);
    }

    public async Task SendAsync(int first, int count)
    {
        var messages = Enumerable.Range(first, count).Select(number => (Id: Guid.CreateVersion7(), Body: JsonSerializer.SerializeToUtf8Bytes(Tick.Of(number)))).ToArray();
        if (scenario.UsesEf)
        {
            await using var db = await _senderDb.CreateDbContextAsync();
            db.Database.AutoSavepointsEnabled = false;
            await using var transaction = await db.Database.BeginTransactionAsync();
            db.Entries.AddRange(Enumerable.Range(first, count).Select(number => new Entry { Number = number, Text = Tick.Of(number).Text }));
            await db.SaveChangesAsync();
            await using var insert = new NpgsqlBatch((NpgsqlConnection)db.Database.GetDbConnection(), (NpgsqlTransaction)transaction.GetDbTransaction()) { BatchCommands = { InsertOutbox(messages) } };
            await insert.ExecuteNonQueryAsync();
            await transaction.CommitAsync();
        }
        else
        {
            await using var connection = await place.Sender.DataSource.OpenConnectionAsync();
            await using var transaction = await connection.BeginTransactionAsync();
            await using var rows = Rows.Insert(connection, first, count);
            await using var batch = new NpgsqlBatch(connection, transaction)
            {
                BatchCommands = { new NpgsqlBatchCommand(rows.CommandText) { Parameters = { rows.Parameters[0].Clone(), rows.Parameters[1].Clone() } }, InsertOutbox(messages) },
            };
            await batch.ExecuteNonQueryAsync();
            await transaction.CommitAsync();
        }

        foreach (var message in messages)
        {
            _committed.Writer.TryWrite(message);
        }
    }

    private static NpgsqlBatchCommand InsertOutbox((Guid Id, byte[] Body)[] messages) => new(
        """
        INSERT INTO outbox (id, message_id, exchange, routing_key, content_type, body, created_at, available_at)
        SELECT id, id::text, 'baseline', 'tick', 'application/json', body, clock_timestamp(), clock_timestamp() + interval '30 seconds'
        FROM unnest(@ids, @bodies) AS m (id, body)
        """)
    {
        Parameters = { new NpgsqlParameter<Guid[]>("ids", [.. messages.Select(message => message.Id)]), new NpgsqlParameter<byte[][]>("bodies", [.. messages.Select(message => message.Body)]) },
    };

    private async Task PublishAsync(CancellationToken stopping)
    {
        await using var channel = await _publishing!.CreateChannelAsync(new CreateChannelOptions(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: false), stopping);
        var window = new SemaphoreSlim(Window);
        var unconfirmed = new SortedDictionary<ulong, Guid>();
        var returned = new HashSet<string>();
        channel.BasicReturnAsync += (_, back) =>
        {
            lock (unconfirmed)
            {
                returned.Add(back.BasicProperties.MessageId!);
            }

            return Task.CompletedTask;
        };
        channel.BasicAcksAsync += (_, ack) =>
        {
            lock (unconfirmed)
            {
                var upTo = ack.Multiple ? unconfirmed.Keys.TakeWhile(tag => tag <= ack.DeliveryTag).ToArray() : [ack.DeliveryTag];
                foreach (var tag in upTo)
                {
                    if (unconfirmed.Remove(tag, out var id) && !returned.Remove(id.ToString()))
                    {
                        _confirmed.Writer.TryWrite(id);
                    }
                }

                window.Release(upTo.Length);
            }

            return Task.CompletedTask;
        };
        try
        {
            await foreach (var (id, body) in _committed.Reader.ReadAllAsync(stopping))
            {
                await window.WaitAsync(stopping);
                var tag = await channel.GetNextPublishSequenceNumberAsync(stopping);
                lock (unconfirmed)
                {
                    unconfirmed[tag] = id;
                }

                var properties = new BasicProperties { MessageId = id.ToString(), Type = "bench.tick.v1", ContentType = "application/json", Persistent = true };
                await channel.BasicPublishAsync(Exchange, "tick", mandatory: true, properties, body, CancellationToken.None);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The round is over.
        }
    }

    private async Task FinishAsync(CancellationToken stopping)
    {
        try
        {
            while (await _confirmed.Reader.WaitToReadAsync(stopping))
            {
                var ids = new List<Guid>(Batch);
                while (ids.Count < Batch && _confirmed.Reader.TryRead(out var id))
                {
                    ids.Add(id);
                }

                await using var finish = place.Sender.DataSource.CreateCommand(
                    """
                    WITH sent AS (DELETE FROM outbox WHERE id = ANY (@ids) RETURNING *)
                    INSERT INTO outbox_history SELECT id, message_id, exchange, routing_key, content_type, headers, body, created_at, clock_timestamp() FROM sent
                    """);
                finish.Parameters.Add(new NpgsqlParameter<Guid[]>("ids", [.. ids]));
                await finish.ExecuteNonQueryAsync(stopping);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The round is over.
        }
    }

    private async Task HandleAsync(CancellationToken stopping)
    {
        try
        {
            await foreach (var delivery in _deliveries.Reader.ReadAllAsync(stopping))
            {
                var tick = JsonSerializer.Deserialize<Tick>(delivery.Body.Span)!;
                await using var db = await _receiverDb.CreateDbContextAsync(stopping);
                db.Database.AutoSavepointsEnabled = false;
                await using var transaction = await db.Database.BeginTransactionAsync(stopping);
                var connection = (NpgsqlConnection)db.Database.GetDbConnection();
                await using var inbox = new NpgsqlCommand("INSERT INTO inbox (queue, message_id) VALUES (@queue, @id) ON CONFLICT DO NOTHING", connection)
                {
                    Parameters = { new NpgsqlParameter<string>("queue", Queue), new NpgsqlParameter<string>("id", delivery.BasicProperties.MessageId!) },
                };
                if (await inbox.ExecuteNonQueryAsync(stopping) == 1)
                {
                    Arrivals.Arrived(tick.Number);
                    if (scenario.UsesEf)
                    {
                        db.Entries.Add(new Entry { Number = tick.Number, Text = tick.Text });
                        await db.SaveChangesAsync(stopping);
                    }
                    else
                    {
                        await using var insert = Rows.Insert(connection, tick.Number, 1);
                        await insert.ExecuteNonQueryAsync(stopping);
                    }
                }

                await transaction.CommitAsync(CancellationToken.None);
                await _consumer!.BasicAckAsync(delivery.DeliveryTag, multiple: false, CancellationToken.None);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The round is over.
        }
    }

    private static PooledDbContextFactory<BenchDb> Factory(string connectionString) =>
        new(new DbContextOptionsBuilder<BenchDb>().UseNpgsql(connectionString).Options);

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _running;
        foreach (var connection in new[] { _publishing, _consuming })
        {
            if (connection is not null)
            {
                await connection.CloseAsync();
            }
        }

        _stopping.Dispose();
    }
}

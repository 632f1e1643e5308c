using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using RabbitMQ.Client;
using ReliableMq.Broker.Topology;
using ReliableMq.Diagnostics;
using ReliableMq.Failing;
using ReliableMq.Integration.Support;
using ReliableMq.Receiving;
using ReliableMq.Storage;
using ReliableMq.TestSupport;
using Xunit;

namespace ReliableMq.Integration.Ordering;

/// <summary>
/// One process, perhaps one that was stopped for a while, finishes what held a key, while another parks what came
/// behind it: in whichever order they come, the parked message follows.
/// </summary>
public class Parking_and_finishing_at_once
{
    private const string Key = "k";

    [Fact]
    public async Task Who_parks_while_the_key_is_freed_waits_and_then_does_not_park()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup => setup.HandleInOrder(QueueOrder.ByKey));
        var (database, parking) = await HoldKeyAsync(world, service);
        await using var finisher = await database.OpenAsync(CancellationToken.None);
        await using var finishing = await Parking.BeginAsync(finisher.Connection, CancellationToken.None);
        (await parking.ReleaseAsync(finisher.Connection, OrderedQueue.Name, Key, Done("first"), CancellationToken.None)).Id.ShouldBeNull();

        var parked = parking.ParkAsync(Behind("second"), Key, CancellationToken.None);
        await ShouldWaitForTheKeyAsync(world);
        await finishing.CommitAsync();

        (await parked).ShouldBeFalse();
        await world.ShouldHaveLeftNothingAsync();
    }

    [Fact]
    public async Task Who_frees_the_key_while_another_parks_waits_and_then_releases_it()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup => setup.HandleInOrder(QueueOrder.ByKey));
        var (database, parking) = await HoldKeyAsync(world, service);
        await using var parker = await database.OpenAsync(CancellationToken.None);
        await using var parkingOne = await Parking.BeginAsync(parker.Connection, CancellationToken.None);
        (await parking.ParkAsync(parker.Connection, Behind("second"), Key, CancellationToken.None)).ShouldBeTrue();

        await using var finisher = await database.OpenAsync(CancellationToken.None);
        await using var finishing = await Parking.BeginAsync(finisher.Connection, CancellationToken.None);
        var releasing = parking.ReleaseAsync(finisher.Connection, OrderedQueue.Name, Key, Done("first"), CancellationToken.None);
        await ShouldWaitForTheKeyAsync(world);
        await parkingOne.CommitAsync();
        var release = await releasing;
        await finishing.CommitAsync();
        parking.Tell(release);

        release.Id.ShouldNotBeNull();
        await Eventually.EqualAsync([2], world.EffectsAsync, "effects");
        await world.ShouldHaveLeftNothingAsync();
    }

    [Fact]
    public async Task Of_a_key_that_two_hold_the_last_to_end_releases_the_next()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup => setup.HandleInOrder(QueueOrder.ByKey));
        var (database, parking) = await HoldKeyAsync(world, service, "first", "another");
        (await parking.ParkAsync(Behind("second"), Key, CancellationToken.None)).ShouldBeTrue();

        (await EndAsync(database, parking, "first")).ShouldBeNull();
        (await EndAsync(database, parking, "another")).ShouldNotBeNull();
    }

    [Fact]
    public async Task What_is_parked_though_nothing_holds_its_key_is_released_by_the_scheduled_work()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup => setup.HandleInOrder(QueueOrder.ByKey));
        var (_, parking) = await HoldKeyAsync(world, service);
        (await parking.ParkAsync(Behind("second"), Key, CancellationToken.None)).ShouldBeTrue();
        await world.Database.ExecuteAsync("DELETE FROM reliable_mq.failure");

        await parking.ReleaseStrandedAsync(CancellationToken.None);

        await Eventually.EqualAsync([2], world.EffectsAsync, "effects");
        await world.ShouldHaveLeftNothingAsync();
    }

    [Fact]
    public async Task Who_fails_while_another_delivery_of_the_message_succeeds_does_not_hold_its_key()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup => setup.HandleInOrder(QueueOrder.ByKey));
        var (database, parking) = await HoldKeyAsync(world, service, "another");
        await world.Database.ExecuteAsync("DELETE FROM reliable_mq.failure");
        await using var twin = await database.OpenAsync(CancellationToken.None);
        await using var handling = await Parking.BeginAsync(twin.Connection, CancellationToken.None);
        await using var done = new NpgsqlCommand($"INSERT INTO reliable_mq.inbox (queue, message_id, fingerprint, epoch) VALUES ('{OrderedQueue.Name}', 'second', '{Behind("second").Fingerprint}', 0)", twin.Connection);
        await done.ExecuteNonQueryAsync();

        using var metrics = new ReliableMqMetrics(service.Host.Services.GetRequiredService<IMeterFactory>(), new TopologyState());
        var settings = new QueueSettings(OrderedQueue.Name, new RetryPolicy([TimeSpan.FromSeconds(1)]), 8, 200, TimeSpan.FromMinutes(1)) { Order = QueueOrder.ByKey };
        var recording = new FailureRecorder(database, parking, metrics, NullLogger.Instance)
            .RecordAsync(Behind("second"), new InvalidOperationException("too late"), settings, ExceptionRules.None, new HoldBudget(10), CancellationToken.None);
        await Eventually.EqualAsync(1, () => world.Database.ScalarAsync<long>(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"), "transactions waiting for the twin");
        await handling.CommitAsync();

        (await recording).ShouldBe(Settlement.Ack);
        (await world.CountAsync("failure")).ShouldBe(0);
        (await world.CountAsync("inbox")).ShouldBe(1);
    }

    private static async Task<(ServiceDatabase Database, Parking Parking)> HoldKeyAsync(World world, TestService service, params string[] holding)
    {
        await service.ConsumingAsync();
        foreach (var messageId in holding.DefaultIfEmpty("first"))
        {
            await world.Database.ExecuteAsync(
                "INSERT INTO reliable_mq.failure (queue, message_id, epoch, attempts, state, ordering_key) VALUES ($1, $2, 0, 1, 'failing', $3)", OrderedQueue.Name, messageId, Key);
        }

        var database = service.Host.Services.GetRequiredService<ServiceDatabases>().All.Single();
        return (database, new Parking(database, NullLogger.Instance));
    }

    private static async Task<Guid?> EndAsync(ServiceDatabase database, Parking parking, string messageId)
    {
        await using var session = await database.OpenAsync(CancellationToken.None);
        await using var transaction = await Parking.BeginAsync(session.Connection, CancellationToken.None);
        var release = await parking.ReleaseAsync(session.Connection, OrderedQueue.Name, Key, Done(messageId), CancellationToken.None);
        await transaction.CommitAsync();
        return release.Id;
    }

    private static NpgsqlBatchCommand Done(string messageId) => new("DELETE FROM reliable_mq.failure WHERE message_id = @message_id")
    {
        Parameters = { new NpgsqlParameter<string>("message_id", messageId) },
    };

    private static Delivery Behind(string messageId)
    {
        var properties = OrderedQueue.Properties(Key, 2);
        properties.MessageId = messageId;
        return Delivery.From(OrderedQueue.Name, 1, redelivered: false, "", OrderedQueue.Name, new ReadOnlyBasicProperties(Bytes(properties)), OrderedQueue.Body(2), TimeProvider.System);
    }

    private static ReadOnlySpan<byte> Bytes(BasicProperties properties)
    {
        var writeable = (IAmqpWriteable)properties;
        var bytes = new byte[writeable.GetRequiredBufferSize()];
        writeable.WriteTo(bytes);
        return bytes;
    }

    private static Task ShouldWaitForTheKeyAsync(World world) => Eventually.EqualAsync(1, () => world.Database.ScalarAsync<long>(
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"), "transactions waiting for the key");
}

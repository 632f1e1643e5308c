using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;
using Xunit;

namespace ReliableMq.TestSupport.Tests;

public sealed class PrivateRabbitMqTests(PrivateRabbitMqTests.OneBroker one) : IClassFixture<PrivateRabbitMqTests.OneBroker>
{
    private const string Queue = "orders";
    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(300);

    private readonly PrivateRabbitMq _broker = one.Broker;

    [Fact]
    public async Task Frozen_it_answers_nobody_and_goes_on_when_resumed()
    {
        await using var host = await HostWithQueueAsync();
        await using var connection = await host.OpenConnectionAsync();
        await using var channel = await connection.CreateChannelAsync();

        await _broker.FreezeAsync();
        var asked = channel.MessageCountAsync(Queue);
        await Consistently.ForAsync(Moment, () => !asked.IsCompleted, "silence of a frozen broker");
        connection.IsOpen.ShouldBeTrue();

        await _broker.ResumeAsync();
        (await asked).ShouldBe(0u);
    }

    [Fact]
    public async Task Killed_it_is_gone_and_comes_back_on_its_port_with_what_it_confirmed()
    {
        await using var host = await HostWithQueueAsync();
        await host.PublishAsync("", Queue, "kept", new BasicProperties { Persistent = true });
        await using var connection = await host.OpenConnectionAsync();
        await _broker.SyncAsync();

        await _broker.KillAsync();
        await Eventually.TrueAsync(() => !connection.IsOpen, "connection lost");
        await Assert.ThrowsAsync<BrokerUnreachableException>(() => host.OpenConnectionAsync());

        await _broker.StartAsync();
        await Eventually.EqualAsync(1, async () => (await host.QueueCountsAsync(Queue)).Ready, "messages after the crash");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_alarm_blocks_publishers_until_it_is_over(bool disk)
    {
        await using var host = await HostWithQueueAsync();
        await using var connection = await host.OpenConnectionAsync();
        await using var channel = await connection.CreateChannelAsync();
        var blocked = new Signal("publisher blocked");
        var unblocked = new Signal("publisher unblocked");
        connection.ConnectionBlockedAsync += (_, _) => Told(blocked);
        connection.ConnectionUnblockedAsync += (_, _) => Told(unblocked);

        await SetAlarmAsync(true);
        await channel.BasicPublishAsync("", Queue, false, new BasicProperties(), "x"u8.ToArray());
        await blocked.WaitAsync();
        (await host.QueueCountsAsync(Queue)).Ready.ShouldBe(0);

        await SetAlarmAsync(false);
        await unblocked.WaitAsync();
        await Eventually.EqualAsync(1, async () => (await host.QueueCountsAsync(Queue)).Ready, "messages after the alarm");

        Task SetAlarmAsync(bool on) => disk ? _broker.SetDiskAlarmAsync(on) : _broker.SetMemoryAlarmAsync(on);
    }

    [Fact]
    public async Task Reset_it_is_empty_and_takes_new_work()
    {
        await using var before = await HostWithQueueAsync();

        await _broker.ResetAsync();

        await Assert.ThrowsAsync<BrokerUnreachableException>(() => before.OpenConnectionAsync());
        await using var after = await HostWithQueueAsync();
        await after.PublishAsync("", Queue, "first");
    }

    private static Task Told(Signal signal)
    {
        signal.Set();
        return Task.CompletedTask;
    }

    private async Task<TestVirtualHost> HostWithQueueAsync()
    {
        var host = await TestVirtualHost.CreateAsync(_broker.Server);
        await host.UseChannelAsync(channel => channel.QueueDeclareAsync(
            Queue, true, false, false, new Dictionary<string, object?> { ["x-queue-type"] = "quorum" }));
        return host;
    }

    public sealed class OneBroker : IAsyncLifetime
    {
        public PrivateRabbitMq Broker { get; private set; } = null!;

        public async ValueTask InitializeAsync() => Broker = await PrivateRabbitMq.CreateAsync();

        public ValueTask DisposeAsync() => Broker.DisposeAsync();
    }
}

using System.Text;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;
using Xunit;

namespace ReliableMq.TestSupport.Tests;

public sealed class TestVirtualHostTests : IAsyncLifetime
{
    private const string Queue = "orders";
    private const string NoRoute = "Publishing to exchange '' with routing key 'nowhere': returned: 312 NO_ROUTE";

    private TestVirtualHost _host = null!;

    public async ValueTask InitializeAsync() => _host = await TestVirtualHost.CreateAsync();

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Fact]
    public async Task Many_made_at_once_share_nothing()
    {
        var hosts = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => TestVirtualHost.CreateAsync()));

        await Task.WhenAll(hosts.Select(async (host, number) =>
        {
            await DeclareAsync(host);
            await host.PublishAsync("", Queue, $"for {number}");
        }));

        for (var number = 0; number < hosts.Length; number++)
        {
            Text(await hosts[number].GetAsync(Queue)).ShouldBe($"for {number}");
            (await hosts[number].GetAsync(Queue)).ShouldBeNull();
        }

        (await _host.ListQueuesAsync()).ShouldBeEmpty();
        await Task.WhenAll(hosts.Select(host => host.DisposeAsync().AsTask()));
    }

    [Fact]
    public async Task A_user_has_no_rights_elsewhere()
    {
        await using var other = await TestVirtualHost.CreateAsync();
        var factory = new ConnectionFactory
        {
            HostName = _host.HostName, Port = _host.Port, VirtualHost = other.VirtualHost,
            UserName = _host.UserName, Password = _host.Password,
        };

        // The client hands such a connection out as open; the broker's refusal arrives a moment later.
        await using var connection = await factory.CreateConnectionAsync();
        await Eventually.TrueAsync(() => !connection.IsOpen, "connection refused");
        connection.CloseReason.ShouldNotBeNull().ReplyCode.ShouldBe((ushort)Constants.NotAllowed);
    }

    [Fact]
    public async Task A_message_arrives_as_it_was_sent()
    {
        await DeclareAsync(_host);
        var headers = new Dictionary<string, object?> { ["attempt"] = 2 };

        await _host.PublishAsync("", Queue, "hello", new BasicProperties { MessageId = "m-1", Headers = headers });

        var message = (await _host.GetAsync(Queue)).ShouldNotBeNull();
        Text(message).ShouldBe("hello");
        message.BasicProperties.MessageId.ShouldBe("m-1");
        // The broker may add its own, such as x-delivery-count; the helper adds none.
        message.BasicProperties.Headers.ShouldNotBeNull().ShouldContainKeyAndValue("attempt", 2);
        message.BasicProperties.Headers.ShouldNotContainKey("x-dotnet-pub-seq-no");
    }

    [Fact]
    public async Task A_publish_that_no_queue_takes_says_so_and_the_next_one_works()
    {
        await DeclareAsync(_host);
        await _host.SetPolicyAsync("full", "^full$", new Dictionary<string, object>
        {
            ["max-length"] = 0, ["overflow"] = "reject-publish",
        });
        await _host.UseChannelAsync(channel => channel.QueueDeclareAsync("full", true, false, false));

        (await FailureAsync("", "nowhere")).ShouldBe(NoRoute);
        (await FailureAsync("missing", "x")).ShouldStartWith(
            "Publishing to exchange 'missing' with routing key 'x': cut off: 404 NOT_FOUND");
        await Eventually.EqualAsync(
            "Publishing to exchange '' with routing key 'full': nacked by the broker",
            () => FailureAsync("", "full"),
            "answer of a queue of which the policy makes a full one");

        await _host.PublishAsync("", Queue, "still works");
    }

    [Fact]
    public async Task The_confirm_of_a_returned_message_is_not_taken_for_the_next_one_s()
    {
        await using var proxy = await TcpProxy.StartAsync(_host.HostName, _host.Port);
        var server = (await SharedServers.GetAsync()).RabbitMq with { HostName = proxy.Host, Port = proxy.Port };
        await using var host = await TestVirtualHost.CreateAsync(server);
        (await FailureAsync(host, "", "nowhere")).ShouldBe(NoRoute);

        // So slow that the confirm arrives well after the return.
        proxy.BytesPerSecond = 400;
        (await FailureAsync(host, "", "nowhere")).ShouldBe(NoRoute);
        (await FailureAsync(host, "", "nowhere")).ShouldBe(NoRoute);
        proxy.BytesPerSecond = 0;
    }

    [Fact]
    public async Task Ready_is_counted_exactly_and_unacked_soon()
    {
        await DeclareAsync(_host);
        for (var i = 0; i < 5; i++)
        {
            await _host.PublishAsync("", Queue, "x");
        }

        await using var connection = await _host.OpenConnectionAsync();
        await using var channel = await connection.CreateChannelAsync();
        await channel.BasicGetAsync(Queue, autoAck: false);
        await channel.BasicGetAsync(Queue, autoAck: false);

        (await _host.QueueCountsAsync(Queue)).Ready.ShouldBe(3);
        await Eventually.EqualAsync(new QueueCounts(3, 2), () => _host.QueueCountsAsync(Queue), "counts");

        // What was not settled is ready once the consumer is gone.
        await _host.CloseAllConnectionsAsync();
        await Eventually.EqualAsync(5, async () => (await _host.QueueCountsAsync(Queue)).Ready, "ready messages");
    }

    [Fact]
    public async Task All_connections_are_listed_and_closed_at_once_but_for_the_helpers_own()
    {
        await DeclareAsync(_host);
        await using var first = await _host.OpenConnectionAsync();
        await using var second = await _host.OpenConnectionAsync();
        await Eventually.EqualAsync(2, async () => (await _host.ListConnectionsAsync()).Count, "connections");
        var closed = new CountdownSignal(2, "connections closed");
        foreach (var connection in new[] { first, second })
        {
            connection.ConnectionShutdownAsync += (_, reason) =>
            {
                reason.ReplyCode.ShouldBe((ushort)Constants.ConnectionForced);
                closed.Set();
                return Task.CompletedTask;
            };
        }

        await _host.CloseAllConnectionsAsync();

        await closed.WaitAsync();
        await Eventually.EqualAsync(0, async () => (await _host.ListConnectionsAsync()).Count, "connections");
        await _host.PublishAsync("", Queue, "by the helper");
    }

    [Fact]
    public async Task Connections_are_closed_by_the_client_s_name()
    {
        await using var publisher = await _host.OpenConnectionAsync("orders publish");
        await using var consumer = await _host.OpenConnectionAsync("orders consume");

        await _host.CloseConnectionsAsync("consume");

        await Eventually.TrueAsync(() => !consumer.IsOpen, "consumer's connection closed");
        publisher.IsOpen.ShouldBeTrue();
    }

    [Fact]
    public async Task Credentials_are_revoked_and_restored()
    {
        await using var connection = await _host.OpenConnectionAsync();

        await _host.RevokeCredentialsAsync();

        await Eventually.TrueAsync(() => !connection.IsOpen, "connection closed");
        await Assert.ThrowsAsync<BrokerUnreachableException>(() => _host.OpenConnectionAsync());
        await _host.RestoreCredentialsAsync();
        await using var again = await _host.OpenConnectionAsync();
    }

    [Fact]
    public async Task Queues_are_listed_and_deleted()
    {
        await DeclareAsync(_host);
        var queue = (await _host.ListQueuesAsync()).ShouldHaveSingleItem();
        (queue.Name, queue.Type, queue.Durable).ShouldBe((Queue, "quorum", true));
        queue.Arguments["x-queue-type"].GetString().ShouldBe("quorum");

        await _host.DeleteQueueAsync(Queue);

        (await _host.ListQueuesAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task Disposing_closes_the_connections_into_it()
    {
        var host = await TestVirtualHost.CreateAsync();
        await using var connection = await host.OpenConnectionAsync();

        await host.DisposeAsync();

        await Eventually.TrueAsync(() => !connection.IsOpen, "connection closed");
        await Assert.ThrowsAsync<BrokerUnreachableException>(() => host.OpenConnectionAsync());
    }

    [Fact]
    public async Task It_is_reached_by_way_of_a_proxy()
    {
        await using var proxy = await TcpProxy.StartAsync(_host.HostName, _host.Port);
        var factory = new ConnectionFactory { Uri = _host.UriThrough(proxy), AutomaticRecoveryEnabled = false };

        await using var connection = await factory.CreateConnectionAsync();
        proxy.OpenConnections.ShouldBe(1);
        await proxy.CutAsync();

        await Eventually.TrueAsync(() => !connection.IsOpen, "connection lost");
    }

    private static Task DeclareAsync(TestVirtualHost host) =>
        host.UseChannelAsync(channel => channel.QueueDeclareAsync(
            Queue, true, false, false, new Dictionary<string, object?> { ["x-queue-type"] = "quorum" }));

    private static string? Text(BasicGetResult? message) =>
        message is null ? null : Encoding.UTF8.GetString(message.Body.Span);

    private Task<string> FailureAsync(string exchange, string routingKey) => FailureAsync(_host, exchange, routingKey);

    private static async Task<string> FailureAsync(TestVirtualHost host, string exchange, string routingKey)
    {
        try
        {
            await host.PublishAsync(exchange, routingKey, "x");
            return "published";
        }
        catch (InvalidOperationException error)
        {
            return error.Message;
        }
    }
}

using System.Net;
using Npgsql;
using ReliableMq.Dashboard.Services;
using ReliableMq.Dashboard.Tests.Support;
using ReliableMq.TestSupport;

namespace ReliableMq.Dashboard.Tests;

public sealed class A_database_that_does_not_answer
{
    [Fact]
    public async Task It_is_waited_for_once_told_at_once_then_and_read_again_when_it_is_back()
    {
        await using var orders = await ServiceRows.CreateAsync("orders");
        await using var billing = await ServiceRows.CreateAsync("billing");
        await orders.PendingAsync(3);
        await billing.PendingAsync(2);
        var address = new NpgsqlConnectionStringBuilder(billing.Database.ConnectionString);
        await using var proxy = await TcpProxy.StartAsync(address.Host!, address.Port);
        proxy.AcceptAndIgnore = true;
        await using var host = await DashboardHost.StartAsync(options => options.AddService("orders", orders.Database.DataSource).AddService("billing", billing.Database.ConnectionStringThrough(proxy)));

        await host.GetAsync("outbox");
        var startedAt = TimeProvider.System.GetTimestamp();
        foreach (var address2 in new[] { "outbox", "outbox/counts", "overview", "dead-letters" })
        {
            await host.GetAsync(address2);
        }

        TimeProvider.System.GetElapsedTime(startedAt).ShouldBeLessThan(Reach.Patience);
        var page = await host.GetAsync("outbox");
        page["items"]!.AsArray().Count.ShouldBe(3);
        page["unreadable"]!.ToJsonString().ShouldBe("""[{"service":"billing","error":"No answer within 10 s."}]""");
        (await host.GetAsync("outbox/counts"))["pending"]!.ToJsonString().ShouldBe("""{"value":3,"isEstimate":false,"isAtLeast":true,"isUnknown":false}""");
        (await host.GetAsync("dead-letters/count?service=billing")).ToJsonString().ShouldBe("""{"value":0,"isEstimate":false,"isAtLeast":false,"isUnknown":true}""");
        ((bool)(await host.GetAsync("overview"))["services"]![0]!["pending"]!["isUnknown"]!).ShouldBeTrue();
        (await (await host.SendAsync(HttpMethod.Get, "reliable-mq/api/v1/outbox/billing/WyIwMTk5ZjNhMi0wMDAwLTcwMDAtODAwMC0wMDAwMDAwMDAwMDAiXQ")).DetailAsync(HttpStatusCode.ServiceUnavailable))
            .ShouldBe("The database cannot be read: No answer within 10 s. Try again.");

        proxy.AcceptAndIgnore = false;
        await Eventually.TrueAsync(async () => (await host.GetAsync("outbox"))["items"]!.AsArray().Count == 5, "both are read", TimeSpan.FromMinutes(1));
    }

    [Fact]
    public async Task One_that_gives_up_connecting_by_itself_is_waited_for_once_as_well()
    {
        await using var orders = await ServiceRows.CreateAsync("orders");
        await using var billing = await ServiceRows.CreateAsync("billing");
        var address = new NpgsqlConnectionStringBuilder(billing.Database.ConnectionString);
        await using var proxy = await TcpProxy.StartAsync(address.Host!, address.Port);
        proxy.AcceptAndIgnore = true;
        var impatient = new NpgsqlConnectionStringBuilder(billing.Database.ConnectionStringThrough(proxy)) { Timeout = 6 }.ConnectionString;
        await using var host = await DashboardHost.StartAsync(options => options.AddService("orders", orders.Database.DataSource).AddService("billing", impatient));
        await host.GetAsync("outbox");

        // Long enough for several attempts in the background, none of which makes anybody wait again.
        var startedAt = TimeProvider.System.GetTimestamp();
        var slow = 0;
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(100), TimeProvider.System);
        while (TimeProvider.System.GetElapsedTime(startedAt) < TimeSpan.FromSeconds(16) && await pace.WaitForNextTickAsync())
        {
            var askedAt = TimeProvider.System.GetTimestamp();
            (await host.GetAsync("outbox"))["unreadable"]!.AsArray().Count.ShouldBe(1);
            slow += TimeProvider.System.GetElapsedTime(askedAt) > TimeSpan.FromSeconds(5) ? 1 : 0;
        }

        slow.ShouldBe(0);
    }

    [Fact]
    public async Task A_statement_that_takes_too_long_does_not_hide_the_rest_of_its_service()
    {
        await using var orders = await ServiceRows.CreateAsync("orders");
        await orders.PendingAsync(3);
        await using var host = await DashboardHost.StartAsync(options => options.AddService("orders", orders.Database.DataSource));
        await using var connection = await orders.Database.DataSource.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using var command = new NpgsqlCommand("LOCK TABLE reliable_mq.dead_letter IN ACCESS EXCLUSIVE MODE", connection, transaction);
        await command.ExecuteNonQueryAsync();

        (await host.GetAsync("dead-letters"))["unreadable"]!.ToJsonString().ShouldBe("""[{"service":"orders","error":"No answer within 10 s."}]""");

        (await host.GetAsync("outbox"))["items"]!.AsArray().Count.ShouldBe(3);
    }
}

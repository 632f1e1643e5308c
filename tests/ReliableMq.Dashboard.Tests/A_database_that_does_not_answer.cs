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
}

using System.Net;
using ReliableMq.Dashboard.Tests.Support;

namespace ReliableMq.Dashboard.Tests;

public sealed class Pages_of_other_origins
{
    private static readonly object Pause = new { service = "orders", queue = "tests.numbers", lasting = true };

    [Fact]
    public async Task A_change_without_the_header_that_only_scripts_and_the_page_send_is_refused()
    {
        await using var host = await DashboardHost.StartAsync();

        (await (await host.PostAsync("queues/pause", Pause, request => request.Headers.Remove("X-ReliableMq-Change"))).DetailAsync(HttpStatusCode.Forbidden))
            .ShouldBe("The header \"X-ReliableMq-Change\" is missing. Send it with any value: it proves that no foreign page makes this request.");
    }

    [Theory]
    [InlineData("cross-site")]
    [InlineData("same-site")]
    public async Task What_a_browser_says_comes_from_elsewhere_is_refused_even_to_read(string site)
    {
        await using var host = await DashboardHost.StartAsync();
        void From(HttpRequestMessage request) => request.Headers.Add("Sec-Fetch-Site", site);

        (await (await host.PostAsync("queues/pause", Pause, From)).DetailAsync(HttpStatusCode.Forbidden)).ShouldBe("The request comes from a page of another origin (Sec-Fetch-Site). Open the dashboard itself.");
        (await host.SendAsync(HttpMethod.Get, "reliable-mq/api/v1/session", From)).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        // A link in a chat opens the page.
        (await host.SendAsync(HttpMethod.Get, "reliable-mq/", From)).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Theory]
    [InlineData("https://evil.example.com", false)]
    [InlineData("null", false)]
    [InlineData("http://127.0.0.1:1", false)]
    [InlineData("http://{host}", true)]
    [InlineData("https://{host}", true)]
    public async Task Where_the_browser_says_no_more_the_origin_decides(string origin, bool isOurs)
    {
        await using var rows = await ServiceRows.CreateAsync("orders");
        await using var host = await DashboardHost.StartAsync(options => options.AddService("orders", rows.Database.DataSource));
        var response = await host.PostAsync("queues/pause", Pause, request => request.Headers.Add("Origin", origin.Replace("{host}", host.Client.BaseAddress!.Authority, StringComparison.Ordinal)));

        // There is no such queue, which only who is let in is told.
        response.StatusCode.ShouldBe(isOurs ? HttpStatusCode.Conflict : HttpStatusCode.Forbidden);
    }

    [Fact]
    public async Task The_page_itself_may_change_things()
    {
        await using var rows = await ServiceRows.CreateAsync("orders");
        await rows.Database.ExecuteAsync("INSERT INTO reliable_mq.consumer_setting (queue, setting, lasting) VALUES ('tests.numbers', 'paused', true)");
        await using var host = await DashboardHost.StartAsync(options => options.AddService("orders", rows.Database.DataSource));

        (await host.PostAsync("queues/pause", Pause, request => request.Headers.Add("Sec-Fetch-Site", "same-origin"))).StatusCode.ShouldBe(HttpStatusCode.OK);

        (await rows.AuditAsync()).ShouldHaveSingleItem().ShouldStartWith("anonymous from 127.0.0.1: pause tests.numbers");
    }
}

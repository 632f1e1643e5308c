using System.IO.Compression;
using System.Net;
using Microsoft.AspNetCore.Builder;
using ReliableMq.Dashboard.Tests.Support;

namespace ReliableMq.Dashboard.Tests;

public sealed class Where_the_dashboard_is_mapped
{
    [Theory]
    [InlineData("reliable-mq", "reliable-mq/")]
    [InlineData("reliable-mq/", "./")]
    [InlineData("reliable-mq/outbox", "./")]
    [InlineData("reliable-mq/outbox/failed", "../")]
    [InlineData("reliable-mq/messages/a/b/", "../../../")]
    public async Task The_page_finds_its_files_from_each_of_its_addresses(string address, string start)
    {
        await using var host = await DashboardHost.StartAsync();

        var html = await host.Client.GetStringAsync(new Uri(address, UriKind.Relative));

        html.ShouldContain($"<base href=\"{start}\">");
        var relative = new Uri(new Uri(host.Client.BaseAddress!, address), start);
        new Uri(relative, "api/v1/session").AbsolutePath.ShouldBe("/reliable-mq/api/v1/session");
    }

    [Fact]
    public async Task Any_path_base_will_do()
    {
        await using var host = await DashboardHost.StartAsync(map: app =>
        {
            app.UsePathBase("/shop");
            app.UseRouting();
            app.MapReliableMqDashboard("/ops/mq");
        });

        (await host.Client.GetStringAsync(new Uri("shop/ops/mq/outbox", UriKind.Relative))).ShouldContain("<base href=\"./\">");
        (await host.SendAsync(HttpMethod.Get, "shop/ops/mq/api/v1/session")).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task It_answers_on_the_port_it_is_given_only()
    {
        await using var host = await DashboardHost.StartAsync(map: app => app.MapReliableMqDashboard().RequireHost("*:9443"));

        (await host.SendAsync(HttpMethod.Get, "reliable-mq/api/v1/session")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await host.SendAsync(HttpMethod.Get, "reliable-mq/api/v1/session", request => request.Headers.Host = "localhost:9443")).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Theory]
    [InlineData("reliable-mq/")]
    [InlineData("reliable-mq/api/v1/session")]
    [InlineData("reliable-mq/api/v1/nowhere")]
    [InlineData("reliable-mq/missing.js")]
    public async Task Every_answer_is_strict_with_browsers(string address)
    {
        await using var host = await DashboardHost.StartAsync();

        var headers = (await host.SendAsync(HttpMethod.Get, address)).Headers;

        headers.GetValues("Content-Security-Policy").Single().ShouldBe(
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'self'; form-action 'none'; frame-ancestors 'none'");
        headers.GetValues("X-Content-Type-Options").Single().ShouldBe("nosniff");
        headers.GetValues("X-Frame-Options").Single().ShouldBe("DENY");
        headers.GetValues("Referrer-Policy").Single().ShouldBe("no-referrer");
        headers.CacheControl!.ToString().ShouldBe(address == "reliable-mq/" ? "no-cache" : "no-store");
    }

    [Fact]
    public async Task The_page_is_not_sent_again_while_it_is_the_same()
    {
        await using var host = await DashboardHost.StartAsync();
        var first = await host.SendAsync(HttpMethod.Get, "reliable-mq/");

        var second = await host.SendAsync(HttpMethod.Get, "reliable-mq/", request => request.Headers.IfNoneMatch.Add(first.Headers.ETag!));

        first.Content.Headers.ContentType!.ToString().ShouldBe("text/html; charset=utf-8");
        second.StatusCode.ShouldBe(HttpStatusCode.NotModified);
        (await second.Content.ReadAsByteArrayAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task What_is_not_there_is_said_in_the_form_of_its_place()
    {
        await using var host = await DashboardHost.StartAsync();

        (await (await host.SendAsync(HttpMethod.Get, "reliable-mq/api/v1/nowhere")).DetailAsync(HttpStatusCode.NotFound)).ShouldBe("There is no GET \"/reliable-mq/api/v1/nowhere\" here. All addresses: api/openapi.json.");
        (await host.SendAsync(HttpMethod.Get, "reliable-mq/assets/missing.js")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public void Without_its_services_it_is_not_mapped()
    {
        var app = WebApplication.CreateSlimBuilder().Build();

        Should.Throw<InvalidOperationException>(() => app.MapReliableMqDashboard()).Message
            .ShouldBe("The dashboard cannot be mapped, because its services are missing. Call builder.Services.AddReliableMqDashboard().");
    }

    /// <summary>Browsers that speak without TLS say that they take no Brotli.</summary>
    [Theory]
    [InlineData("gzip, deflate, br, zstd", "br")]
    [InlineData("gzip, deflate", "gzip")]
    [InlineData("", null)]
    public async Task Its_files_are_compressed_as_the_browser_takes_them(string accepted, string? encoding)
    {
        await using var host = await DashboardHost.StartAsync();
        var html = await host.Client.GetStringAsync(new Uri("reliable-mq/", UriKind.Relative));
        var script = html.Split("src=\"").Select(part => part.Split('"')[0]).First(address => address.StartsWith("./assets/", StringComparison.Ordinal));

        using var response = await host.SendAsync(HttpMethod.Get, $"reliable-mq/{script}", request => request.Headers.TryAddWithoutValidation("Accept-Encoding", accepted));

        response.Content.Headers.ContentEncoding.SingleOrDefault().ShouldBe(encoding);
        var sent = await response.Content.ReadAsByteArrayAsync();
        using var content = encoding switch
        {
            "br" => new BrotliStream(new MemoryStream(sent), CompressionMode.Decompress),
            "gzip" => new GZipStream(new MemoryStream(sent), CompressionMode.Decompress),
            _ => (Stream)new MemoryStream(sent),
        };
        var text = await new StreamReader(content).ReadToEndAsync();
        text.ShouldContain("import");
        ((double)sent.Length / text.Length).ShouldBe(encoding is null ? 1 : 0.35, 0.1);
    }
}

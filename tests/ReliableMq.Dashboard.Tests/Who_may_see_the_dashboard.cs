using System.Net;
using System.Security.Claims;
using System.Text.Encodings.Web;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using ReliableMq.Dashboard.Tests.Support;

namespace ReliableMq.Dashboard.Tests;

public sealed class Who_may_see_the_dashboard
{
    private const string OnlyHere = "The dashboard answers only to callers on its own machine, because nobody has said who else may see it. Call MapReliableMqDashboard(…).RequireAuthorization(…), or set ViewerPolicy in AddReliableMqDashboard. If everybody may see it, call AllowAnonymous().";

    [Fact]
    public async Task Without_a_choice_this_machine_sees_it_and_the_log_says_so_once()
    {
        await using var host = await DashboardHost.StartAsync();

        (await host.GetAsync("session"))["user"]!.GetValue<string>().ShouldBe("anonymous from 127.0.0.1");

        host.Logs.Entries.Count(entry => entry.Message == "The dashboard at \"/reliable-mq\" answers only to callers on this machine. Call MapReliableMqDashboard(…).RequireAuthorization(…) to let others see it.").ShouldBe(1);
    }

    [Theory]
    [InlineData("reliable-mq/")]
    [InlineData("reliable-mq/api/v1/session")]
    [InlineData("reliable-mq/api/openapi.json")]
    public async Task Without_a_choice_a_remote_caller_is_told_what_to_do(string address)
    {
        await using var host = await DashboardHost.StartAsync(before: app => From(app, "10.1.2.3"));

        (await (await host.SendAsync(HttpMethod.Get, address)).DetailAsync(HttpStatusCode.Forbidden)).ShouldBe(OnlyHere);
    }

    [Theory]
    [InlineData("X-Forwarded-For", "10.1.2.3")]
    [InlineData("X-Forwarded-Proto", "https")]
    [InlineData("Forwarded", "for=10.1.2.3")]
    [InlineData("X-Real-IP", "10.1.2.3")]
    [InlineData("Via", "1.1 proxy")]
    [InlineData("X-Original-For", "127.0.0.1:1")]
    public async Task A_reverse_proxy_on_this_machine_does_not_make_its_callers_local(string header, string value)
    {
        await using var host = await DashboardHost.StartAsync();

        (await (await host.SendAsync(HttpMethod.Get, "reliable-mq/api/v1/session", request => request.Headers.Add(header, value))).DetailAsync(HttpStatusCode.Forbidden)).ShouldBe(OnlyHere);
    }

    [Fact]
    public async Task A_reverse_proxy_that_adds_nothing_is_known_by_its_old_protocol()
    {
        await using var host = await DashboardHost.StartAsync();

        (await (await host.SendAsync(HttpMethod.Get, "reliable-mq/api/v1/session", request => request.Version = HttpVersion.Version10)).DetailAsync(HttpStatusCode.Forbidden)).ShouldBe(OnlyHere);
    }

    [Theory]
    [InlineData("https://shop.example.com", HttpStatusCode.Forbidden)]
    [InlineData("http://localhost:5000", HttpStatusCode.OK)]
    [InlineData("http://[::1]:5000", HttpStatusCode.OK)]
    public async Task A_page_of_elsewhere_is_not_local(string origin, HttpStatusCode status)
    {
        await using var host = await DashboardHost.StartAsync();

        (await host.SendAsync(HttpMethod.Get, "reliable-mq/api/v1/session", request => request.Headers.Add("Origin", origin))).StatusCode.ShouldBe(status);
    }

    [Fact]
    public async Task A_name_of_the_internet_that_leads_here_is_not_local()
    {
        await using var host = await DashboardHost.StartAsync();

        (await (await host.SendAsync(HttpMethod.Get, "reliable-mq/api/v1/session", request => request.Headers.Host = "rebound.example.com")).DetailAsync(HttpStatusCode.Forbidden)).ShouldBe(OnlyHere);
        (await host.SendAsync(HttpMethod.Get, "reliable-mq/api/v1/session", request => request.Headers.Host = "localhost:5000")).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Anonymous_callers_from_elsewhere_see_it_where_that_was_said()
    {
        await using var host = await DashboardHost.StartAsync(before: app => From(app, "10.1.2.3"), map: app => app.MapReliableMqDashboard().AllowAnonymous());

        (await host.GetAsync("session"))["user"]!.GetValue<string>().ShouldBe("anonymous from 10.1.2.3");
        host.Logs.Entries.ShouldNotContain(entry => entry.Message.Contains("answers only to callers", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task With_authorization_whoever_has_no_name_is_asked_for_it(bool byOption)
    {
        await using var host = await DashboardHost.StartAsync(
            options => options.ViewerPolicy = byOption ? "viewers" : null, Authentication, map: app =>
            {
                var dashboard = app.MapReliableMqDashboard();
                if (!byOption)
                {
                    dashboard.RequireAuthorization("viewers");
                }
            });

        (await host.SendAsync(HttpMethod.Get, "reliable-mq/api/v1/session")).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        (await host.SendAsync(HttpMethod.Get, "reliable-mq/")).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        (await host.SendAsync(HttpMethod.Get, "reliable-mq/api/v1/session", As("eve", "nothing"))).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await host.SendAsync(HttpMethod.Get, "reliable-mq/api/v1/session", As("vera", "viewer"))).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_viewer_changes_nothing_and_sees_no_bodies()
    {
        await using var rows = await ServiceRows.CreateAsync("orders");
        await rows.DeadAsync(1);
        await using var host = await StartWithPoliciesAsync(rows);
        var id = (string)JsonNode.Parse(await (await host.SendAsync(HttpMethod.Get, "reliable-mq/api/v1/dead-letters", As("vera", "viewer"))).Content.ReadAsStringAsync())!["items"]![0]!["id"]!;

        (await (await host.SendAsync(HttpMethod.Get, $"reliable-mq/api/v1/dead-letters/orders/{id}/body", As("vera", "viewer"))).DetailAsync(HttpStatusCode.Forbidden))
            .ShouldBe("\"vera\" may not see the bodies of messages. Ask whoever grants the policy \"bodies\".");
        (await host.SendAsync(HttpMethod.Get, "reliable-mq/api/v1/dead-letters/export?service=orders", As("vera", "viewer"))).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await host.SendAsync(HttpMethod.Get, $"reliable-mq/api/v1/dead-letters/orders/{id}/body/raw", As("vera", "viewer"))).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await (await host.PostAsync("dead-letters/discard", new { service = "orders", ids = new[] { id }, reason = "wrong" }, As("vera", "viewer"))).DetailAsync(HttpStatusCode.Forbidden))
            .ShouldBe("\"vera\" may not change anything. Ask whoever grants the policy \"operators\".");
        (await rows.AuditAsync()).ShouldBeEmpty();
        var session = JsonNode.Parse(await (await host.SendAsync(HttpMethod.Get, "reliable-mq/api/v1/session", As("vera", "viewer"))).Content.ReadAsStringAsync())!;
        ((string)session["user"]!, (bool)session["canOperate"]!, (bool)session["canSeeBodies"]!).ShouldBe(("vera", false, false));
    }

    [Fact]
    public async Task An_operator_changes_things_by_name_and_bodies_are_a_right_of_their_own()
    {
        await using var rows = await ServiceRows.CreateAsync("orders");
        await rows.DeadAsync(1);
        await using var host = await StartWithPoliciesAsync(rows);
        var id = (string)JsonNode.Parse(await (await host.SendAsync(HttpMethod.Get, "reliable-mq/api/v1/dead-letters", As("olga", "viewer", "operator"))).Content.ReadAsStringAsync())!["items"]![0]!["id"]!;

        (await host.PostAsync("dead-letters/discard", new { service = "orders", ids = new[] { id }, reason = "a test" }, As("olga", "viewer", "operator"))).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await host.SendAsync(HttpMethod.Get, $"reliable-mq/api/v1/dead-letters/orders/{id}/body", As("olga", "viewer", "operator"))).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await host.SendAsync(HttpMethod.Get, $"reliable-mq/api/v1/dead-letters/orders/{id}/body", As("bodo", "viewer", "body"))).StatusCode.ShouldBe(HttpStatusCode.OK);

        (await rows.AuditAsync()).ShouldHaveSingleItem().ShouldStartWith("olga: discard ");
    }

    [Fact]
    public async Task An_operator_who_may_not_view_does_nothing()
    {
        await using var rows = await ServiceRows.CreateAsync("orders");
        await using var host = await StartWithPoliciesAsync(rows);

        (await host.PostAsync("queues/pause", new { service = "orders", queue = "q", lasting = true }, As("olaf", "operator"))).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
    }

    [Fact]
    public async Task A_policy_that_does_not_exist_fails_the_start()
    {
        var exception = await Should.ThrowAsync<InvalidOperationException>(() => DashboardHost.StartAsync(options => options.OperatorPolicy = "operatorz"));

        exception.Message.ShouldBe("The authorization policy \"operatorz\" of the dashboard does not exist. Add it with builder.Services.AddAuthorizationBuilder().AddPolicy(\"operatorz\", …), or correct the name in AddReliableMqDashboard.");
    }

    [Fact]
    public async Task Nothing_is_changed_where_it_is_read_only()
    {
        await using var rows = await ServiceRows.CreateAsync("orders");
        await using var host = await DashboardHost.StartAsync(options =>
        {
            options.AddService("orders", rows.Database.DataSource);
            options.IsReadOnly = true;
        });

        (await (await host.PostAsync("outbox/cancel", new { service = "orders", filter = new { }, expectedCount = 0 })).DetailAsync(HttpStatusCode.Forbidden)).ShouldBe("The dashboard is read-only: IsReadOnly is set in AddReliableMqDashboard.");
        ((bool)(await host.GetAsync("session"))["canOperate"]!).ShouldBeFalse();
    }

    private static Task<DashboardHost> StartWithPoliciesAsync(ServiceRows rows) => DashboardHost.StartAsync(
        options =>
        {
            options.AddService("orders", rows.Database.DataSource);
            options.ViewerPolicy = "viewers";
            options.OperatorPolicy = "operators";
            options.BodyPolicy = "bodies";
        }, Authentication);

    private static Action<HttpRequestMessage> As(string name, params string[] roles) => request => request.Headers.Authorization = new("Test", $"{name}:{string.Join(',', roles)}");

    private static void From(WebApplication app, string address) => app.Use(next => http =>
    {
        http.Connection.RemoteIpAddress = IPAddress.Parse(address);
        return next(http);
    });

    private static void Authentication(IServiceCollection services)
    {
        services.AddAuthentication("Test").AddScheme<AuthenticationSchemeOptions, TestAuthentication>("Test", null);
        services.AddAuthorizationBuilder()
            .AddPolicy("viewers", policy => policy.RequireRole("viewer"))
            .AddPolicy("operators", policy => policy.RequireRole("operator"))
            .AddPolicy("bodies", policy => policy.RequireRole("body"));
    }

    /// <summary>Takes the caller's word for who it is.</summary>
    private sealed class TestAuthentication(IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder) : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
    {
        protected override Task<AuthenticateResult> HandleAuthenticateAsync()
        {
            if (Request.Headers.Authorization.ToString().Split(' ') is not [_, var said] || said.Split(':') is not [var name, var roles])
            {
                return Task.FromResult(AuthenticateResult.NoResult());
            }

            var identity = new ClaimsIdentity([new Claim(ClaimTypes.Name, name), .. roles.Split(',').Select(role => new Claim(ClaimTypes.Role, role))], "Test");
            return Task.FromResult(AuthenticateResult.Success(new AuthenticationTicket(new ClaimsPrincipal(identity), "Test")));
        }
    }
}

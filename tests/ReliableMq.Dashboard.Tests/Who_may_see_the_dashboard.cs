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
    private const string OnlyHere = "Nobody has said who may see the dashboard, so it answers only to who has opened the link that it wrote into its log at its start, and in Development to callers on its own machine. Call MapReliableMqDashboard(…).RequireAuthorization(…), or set ViewerPolicy in AddReliableMqDashboard. If everybody may see it, call AllowAnonymous().";

    [Fact]
    public async Task In_Development_this_machine_sees_it_without_a_choice_and_the_log_says_so_once()
    {
        await using var host = await DashboardHost.StartAsync();

        (await host.GetAsync("session"))["user"]!.GetValue<string>().ShouldBe("anonymous from 127.0.0.1");

        var link = LinkOf(host);
        host.Logs.Entries.Count(entry => entry.Message == $"Nobody has said who may see the dashboard at \"/reliable-mq\": in Development callers on this machine may, and whoever opens {link} may until this process ends. Call MapReliableMqDashboard(…).RequireAuthorization(…) to say who else may.").ShouldBe(1);
    }

    [Fact]
    public async Task Outside_Development_even_this_machine_needs_the_link_of_the_log()
    {
        // A proxy on this machine that adds nothing and passes the host on looks like this.
        await using var host = await DashboardHost.StartAsync(environment: "Production");

        (await (await host.SendAsync(HttpMethod.Get, "reliable-mq/api/v1/session", request => request.Headers.Host = "localhost")).DetailAsync(HttpStatusCode.Forbidden)).ShouldBe(OnlyHere);
        (await host.SendAsync(HttpMethod.Get, "reliable-mq/")).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await host.PostAsync("outbox/cancel", new { service = "orders", filter = new { }, expectedCount = 0 })).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        var link = LinkOf(host);
        host.Logs.Entries.ShouldContain(entry => entry.Message == $"Nobody has said who may see the dashboard at \"/reliable-mq\": whoever opens {link} may until this process ends. Call MapReliableMqDashboard(…).RequireAuthorization(…) to say who else may.");
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("10.1.2.3")]
    public async Task The_link_of_the_log_lets_a_browser_in_until_the_process_ends(string address)
    {
        await using var host = await DashboardHost.StartAsync(before: app => From(app, address), environment: "Production");
        await using var other = await DashboardHost.StartAsync(environment: "Production");
        var link = LinkOf(host);

        var opened = await host.SendAsync(HttpMethod.Get, link.PathAndQuery[1..]);

        opened.StatusCode.ShouldBe(HttpStatusCode.OK);
        // The page opens itself without the token: nothing of it stays in the address, and a link from elsewhere works as well.
        (await opened.Content.ReadAsStringAsync()).ShouldContain("<meta http-equiv=\"refresh\" content=\"0;url=./\">");
        var cookie = opened.Headers.GetValues("Set-Cookie").Single();
        cookie.ShouldContain("; samesite=strict; httponly");
        cookie.ShouldNotContain("expires");
        var pair = cookie.Split(';')[0];
        (await host.SendAsync(HttpMethod.Get, "reliable-mq/api/v1/session", request => request.Headers.Add("Cookie", pair))).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await host.SendAsync(HttpMethod.Get, "reliable-mq/", request => request.Headers.Add("Cookie", pair))).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await other.SendAsync(HttpMethod.Get, "reliable-mq/api/v1/session", request => request.Headers.Add("Cookie", pair))).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        host.Logs.Entries.ShouldContain(entry => entry.Message == $"The link of the log opened the dashboard for \"anonymous from {address}\".");
    }

    [Fact]
    public async Task A_script_gives_the_token_of_the_log_in_a_header()
    {
        await using var host = await DashboardHost.StartAsync(environment: "Production");
        var token = LinkOf(host).Query["?token=".Length..];

        (await host.SendAsync(HttpMethod.Get, "reliable-mq/api/v1/session", request => request.Headers.Authorization = new("Bearer", token))).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await host.SendAsync(HttpMethod.Get, "reliable-mq/api/v1/session", request => request.Headers.Authorization = new("Bearer", token + "0"))).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await host.SendAsync(HttpMethod.Get, "reliable-mq/api/v1/session", request => request.Headers.Authorization = new("Bearer", ""))).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
    }

    [Fact]
    public async Task A_wrong_token_lets_nobody_in()
    {
        await using var host = await DashboardHost.StartAsync(environment: "Production");

        var response = await host.SendAsync(HttpMethod.Get, "reliable-mq/?token=" + new string('0', 64));

        (await response.DetailAsync(HttpStatusCode.Forbidden)).ShouldBe("The token is not the one of this process. Each start has its own: look for the link in the log of the process that runs now.");
        response.Headers.Contains("Set-Cookie").ShouldBeFalse();
    }

    [Fact]
    public async Task The_link_is_no_way_around_a_choice()
    {
        await using var host = await DashboardHost.StartAsync(null, Authentication, map: app =>
        {
            app.MapReliableMqDashboard("/open");
            app.MapReliableMqDashboard("/closed").RequireAuthorization("viewers");
        }, environment: "Production");
        var link = LinkOf(host);

        var response = await host.SendAsync(HttpMethod.Get, "closed/" + link.Query);

        response.StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        (await host.SendAsync(HttpMethod.Get, "closed/api/v1/session", request => request.Headers.Authorization = new("Bearer", link.Query["?token=".Length..]))).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task A_change_with_the_link_needs_what_every_change_needs()
    {
        await using var rows = await ServiceRows.CreateAsync("orders");
        await using var host = await DashboardHost.StartAsync(options => options.AddService("orders", rows.Database.DataSource), environment: "Production");
        var token = LinkOf(host).Query["?token=".Length..];

        (await (await host.SendAsync(HttpMethod.Post, "reliable-mq/api/v1/outbox/cancel", request => request.Headers.Authorization = new("Bearer", token))).DetailAsync(HttpStatusCode.Forbidden)).ShouldStartWith("The header \"X-ReliableMq-Change\" is missing.");
        (await host.PostAsync("outbox/cancel", new { service = "orders", filter = new { }, expectedCount = 0 }, request => request.Headers.Authorization = new("Bearer", token))).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Theory]
    [InlineData("http://[::]:5000", "/reliable-mq", "http://localhost:5000/reliable-mq/?token=")]
    [InlineData("https://0.0.0.0:443/", "ops/mq/", "https://localhost:443/ops/mq/?token=")]
    [InlineData("http://shop:80", "", "http://shop:80/?token=")]
    [InlineData(null, "/reliable-mq", "/reliable-mq/?token=")]
    public void The_link_can_be_opened_as_it_stands_in_the_log(string? server, string path, string link) =>
        new ReliableMq.Dashboard.Security.StartLink().Address(server, path).ShouldStartWith(link);

    private static Uri LinkOf(DashboardHost host) =>
        new(host.Logs.Entries.Select(entry => System.Text.RegularExpressions.Regex.Match(entry.Message, "http://[^ ]+token=[0-9a-f]+")).First(match => match.Success).Value);

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
        host.Logs.Entries.ShouldNotContain(entry => entry.Message.Contains("Nobody has said", StringComparison.Ordinal));
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
    public async Task Whoever_may_not_operate_keeps_the_name_by_which_bodies_are_shown()
    {
        await using var host = await DashboardHost.StartAsync(
            options =>
            {
                options.ViewerPolicy = "viewers";
                options.OperatorPolicy = "operators elsewhere";
                options.BodyPolicy = "bodies";
            },
            services =>
            {
                Authentication(services);
                services.AddAuthentication().AddScheme<AuthenticationSchemeOptions, NobodyAuthentication>("Elsewhere", null);
                services.AddAuthorizationBuilder().AddPolicy("operators elsewhere", policy => policy.AddAuthenticationSchemes("Elsewhere").RequireAuthenticatedUser());
            });

        var session = JsonNode.Parse(await (await host.SendAsync(HttpMethod.Get, "reliable-mq/api/v1/session", As("bodo", "viewer", "body"))).Content.ReadAsStringAsync())!;
        ((bool)session["canOperate"]!, (bool)session["canSeeBodies"]!).ShouldBe((false, true));
        (await (await host.PostAsync("outbox/cancel", new { }, As("bodo", "viewer", "body"))).DetailAsync(HttpStatusCode.Forbidden)).ShouldStartWith("\"bodo\" may not change anything.");
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

    /// <summary>Knows nobody.</summary>
    private sealed class NobodyAuthentication(IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder) : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
    {
        protected override Task<AuthenticateResult> HandleAuthenticateAsync() => Task.FromResult(AuthenticateResult.NoResult());
    }
}

using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using ReliableMq.TestSupport;

namespace ReliableMq.Dashboard.Tests.Support;

/// <summary>An application with a dashboard, on a port of its own.</summary>
internal sealed class DashboardHost : IAsyncDisposable
{
    private readonly WebApplication _app;

    private DashboardHost(WebApplication app, CapturingLoggerProvider logs)
    {
        (_app, Logs) = (app, logs);
        Client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = new Uri(app.Urls.First().TrimEnd('/') + "/") };
    }

    public HttpClient Client { get; }

    public CapturingLoggerProvider Logs { get; }

    public IServiceProvider Services => _app.Services;

    public static async Task<DashboardHost> StartAsync(
        Action<ReliableMqDashboardOptions>? options = null, Action<IServiceCollection>? services = null, Action<WebApplication>? before = null, Action<WebApplication>? map = null, string url = "http://127.0.0.1:0", string environment = "Development")
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { EnvironmentName = environment, ApplicationName = "dashboard-tests" });
        var logs = new CapturingLoggerProvider();
        builder.Logging.ClearProviders().AddProvider(logs);
        builder.WebHost.UseUrls(url);
        builder.Services.AddReliableMqDashboard(options);
        services?.Invoke(builder.Services);
        var app = builder.Build();
        before?.Invoke(app);
        if (map is null)
        {
            app.MapReliableMqDashboard();
        }
        else
        {
            map(app);
        }

        await app.StartAsync();
        return new DashboardHost(app, logs);
    }

    public async Task<JsonNode> GetAsync(string address)
    {
        using var response = await Client.GetAsync(new Uri("reliable-mq/api/v1/" + address, UriKind.Relative));
        var text = await response.Content.ReadAsStringAsync();
        response.StatusCode.ShouldBe(HttpStatusCode.OK, text);
        return JsonNode.Parse(text)!;
    }

    public async Task<HttpResponseMessage> SendAsync(HttpMethod method, string address, Action<HttpRequestMessage>? change = null)
    {
        using var request = new HttpRequestMessage(method, new Uri(address, UriKind.Relative));
        change?.Invoke(request);
        return await Client.SendAsync(request);
    }

    /// <summary>A change, as a script makes it.</summary>
    public Task<HttpResponseMessage> PostAsync(string address, object body, Action<HttpRequestMessage>? change = null) => SendAsync(HttpMethod.Post, "reliable-mq/api/v1/" + address, request =>
    {
        request.Headers.Add("X-ReliableMq-Change", "1");
        request.Content = JsonContent.Create(body);
        change?.Invoke(request);
    });

    public async Task<JsonNode> ChangeAsync(string address, object body)
    {
        using var response = await PostAsync(address, body);
        var text = await response.Content.ReadAsStringAsync();
        response.StatusCode.ShouldBe(HttpStatusCode.OK, text);
        return JsonNode.Parse(text)!;
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.DisposeAsync();
    }
}

internal static class Answers
{
    /// <summary>What a problem says.</summary>
    public static async Task<JsonNode> ProblemAsync(this HttpResponseMessage response, HttpStatusCode status)
    {
        var text = await response.Content.ReadAsStringAsync();
        response.StatusCode.ShouldBe(status, text);
        response.Content.Headers.ContentType!.MediaType.ShouldBe("application/problem+json");
        var problem = JsonNode.Parse(text)!;
        ((int)problem["status"]!).ShouldBe((int)status);
        return problem;
    }

    public static async Task<string> DetailAsync(this HttpResponseMessage response, HttpStatusCode status) => (string)(await response.ProblemAsync(status))["detail"]!;
}

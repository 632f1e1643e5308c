using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using ReliableMq.Faults.Running;
using ReliableMq.Faults.Workload;
using ReliableMq.TestSupport;

namespace ReliableMq.Faults.Checking;

/// <summary>
/// What the dashboard tells of both services has to be what the tables say. Numbers that it calls estimates are not
/// asked for.
/// </summary>
internal sealed class DashboardCounts : IAsyncDisposable
{
    private const string Producers = "producers", Consumers = "consumers";

    private const long MostCounted = 10_000;

    private static readonly string[] MessageNames = ["faults.item.v1", "faults.entry.v1", "faults.line.v1", "faults.direct.v1", "faults.pack.v1", "faults.child.v1", "faults.glimpse.v1", "notices.notice.v1"];

    private static readonly (string Member, string Rows)[] OfAService =
    [
        ("pending", "outbox WHERE (due_at IS NULL OR due_at <= clock_timestamp()) AND error_kind IS NULL AND failed_at IS NULL"),
        ("scheduled", "outbox WHERE due_at > clock_timestamp() AND error_kind IS NULL AND failed_at IS NULL"),
        ("retrying", "outbox WHERE error_kind IS NOT NULL AND failed_at IS NULL"),
        ("failed", "outbox WHERE failed_at IS NOT NULL"),
        ("failing", "failure WHERE state IN ('failing', 'scheduled')"),
        ("parked", "parked"),
        ("deadLetters", "dead_letter WHERE discarded_at IS NULL AND replayed_at IS NULL"),
        ("openAlerts", "alert WHERE resolved_at IS NULL"),
    ];

    private readonly WebApplication _application;
    private readonly HttpClient _client;
    private readonly IReadOnlyDictionary<string, TestDatabase> _databases;

    private DashboardCounts(WebApplication application, IReadOnlyDictionary<string, TestDatabase> databases)
    {
        _application = application;
        _databases = databases;
        _client = new HttpClient { BaseAddress = new Uri($"{application.Urls.Single()}/reliable-mq/api/v1/") };
    }

    /// <summary>Has the consumers pause a queue, or go on with it.</summary>
    public async Task PauseAsync(string queue, bool isPaused, bool isLasting)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, isPaused ? "queues/pause" : "queues/resume")
        {
            Content = JsonContent.Create(new { service = Consumers, queue, lasting = isLasting }),
            Headers = { { "X-ReliableMq-Change", "1" } },
        };
        using var response = await _client.SendAsync(request);
        if (!response.IsSuccessStatusCode)
        {
            throw new HttpRequestException($"{request.RequestUri} of \"{queue}\" gave {(int)response.StatusCode}: {await response.Content.ReadAsStringAsync()}");
        }
    }

    public static async Task<DashboardCounts> StartAsync(TestDatabase sending, TestDatabase handling)
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { EnvironmentName = "Development" });
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddReliableMqDashboard(dashboard => dashboard.AddService(Producers, sending.ConnectionString).AddService(Consumers, handling.ConnectionString));
        var application = builder.Build();
        application.MapReliableMqDashboard();
        await application.StartAsync();
        return new DashboardCounts(application, new Dictionary<string, TestDatabase> { [Producers] = sending, [Consumers] = handling });
    }

    public Task<List<Finding>> LookAsync() => Patiently.DoAsync(async () =>
    {
        var findings = new List<Finding>();
        using var overview = await AskAsync("overview");
        foreach (var missing in _databases.Keys.Except(overview.RootElement.GetProperty("services").EnumerateArray().Select(service => service.GetProperty("service").GetString()!)))
        {
            findings.Add(new Finding(Rule.Miscounted, $"the dashboard tells nothing of the {missing}"));
        }

        foreach (var service in overview.RootElement.GetProperty("services").EnumerateArray())
        {
            var name = service.GetProperty("service").GetString()!;
            foreach (var (member, rows) in OfAService)
            {
                Compare(findings, $"{member} of the {name}", service.GetProperty(member), await CountAsync(name, rows));
            }
        }

        foreach (var (service, name) in _databases.Keys.SelectMany(service => MessageNames.Select(name => (service, name))))
        {
            using var outbox = await AskAsync($"outbox/counts?service={service}&name={name}");
            foreach (var outcome in new[] { "sent", "expired", "cancelled" })
            {
                Compare(findings, $"{outcome} {name} of the {service}", outbox.RootElement.GetProperty(outcome), await CountAsync(service, "outbox_history WHERE outcome = $1 AND name = $2", outcome, name));
            }
        }

        foreach (var queue in Subscribers.Queues.Where(queue => queue != Subscribers.AtLeastOnce))
        {
            using var inbox = await AskAsync($"inbox/counts?service={Consumers}&queue={queue}");
            Compare(findings, $"done in {queue}", inbox.RootElement.GetProperty("done"), await CountAsync(Consumers, "inbox WHERE queue = $1", queue));
        }

        return findings;
    });

    internal static void Compare(List<Finding> findings, string what, JsonElement told, long counted)
    {
        var value = told.GetProperty("value").GetInt64();
        // Only what is too much to count may be told as a lower bound.
        var isLowerBound = told.GetProperty("isAtLeast").GetBoolean() && value >= MostCounted;
        if (isLowerBound ? counted < value : counted != value)
        {
            findings.Add(new Finding(Rule.Miscounted, $"the dashboard tells {value} {what}, the tables {counted}"));
        }
    }

    private async Task<JsonDocument> AskAsync(string path) => JsonDocument.Parse(await _client.GetStringAsync(path));

    private async Task<long> CountAsync(string service, string rows, params object?[] parameters) =>
        await _databases[service].ScalarAsync<long>($"SELECT count(*) FROM reliable_mq.{rows}", parameters);

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _application.DisposeAsync();
    }
}

using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ReliableMq.Benchmarks.Pages;

/// <summary>How long every address of the dashboard's API takes over a service that has much of everything.</summary>
internal static class PagesRun
{
    private const int Runs = 7;
    private const double MostMilliseconds = 300;

    public static async Task<int> RunAsync(string[] options)
    {
        if (!TryRead(options, "--rows", 1_000_000, out var rows) || !TryRead(options, "--waiting", rows, out var waiting) || options.Length is not (0 or 2 or 4))
        {
            await Console.Error.WriteLineAsync($"Unknown options '{string.Join(' ', options)}'. Use: dashboard [--rows N] [--waiting N], with 1000 or more of each.");
            return 2;
        }

        var startedAt = TimeProvider.System.GetTimestamp();
        await using var database = await PagesDatabase.CreateAsync(rows, waiting);
        Console.WriteLine($"{rows} rows in the history and the inbox each, {waiting} in the outbox, {rows / 10} dead letters: {TimeProvider.System.GetElapsedTime(startedAt).TotalSeconds:0} s");
        await using var dashboard = await StartAsync(database.ConnectionString);
        using var client = new HttpClient { BaseAddress = new Uri(dashboard.Urls.First().TrimEnd('/') + "/reliable-mq/api/v1/") };
        Console.WriteLine("| address | median ms | most ms |");
        Console.WriteLine("|---|---|---|");
        var slow = new List<string>();
        foreach (var address in await PagesAddresses.AllAsync(client))
        {
            var times = new List<double>();
            for (var run = 0; run < Runs; run++)
            {
                var from = TimeProvider.System.GetTimestamp();
                using var response = await client.GetAsync(new Uri(address, UriKind.Relative));
                var answer = await response.Content.ReadAsStringAsync();
                times.Add(TimeProvider.System.GetElapsedTime(from).TotalMilliseconds);
                if (!response.IsSuccessStatusCode || (address != "session" && JsonNode.Parse(answer)?["unreadable"] is JsonArray { Count: > 0 }))
                {
                    throw new InvalidOperationException($"{address}: {(int)response.StatusCode} {answer}");
                }
            }

            times.Sort();
            var median = times[Runs / 2];
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {PagesAddresses.Shown(address)} | {median:0} | {times[^1]:0} |"));
            if (median > MostMilliseconds)
            {
                slow.Add(PagesAddresses.Shown(address));
            }
        }

        foreach (var address in slow)
        {
            await Console.Error.WriteLineAsync($"\"{address}\" takes more than {MostMilliseconds:0} ms. Look at the plan of its statements.");
        }

        return slow.Count == 0 ? 0 : 1;
    }

    private static bool TryRead(string[] options, string name, long normal, out long value)
    {
        value = normal;
        var at = Array.IndexOf(options, name);
        return at < 0 || (at + 1 < options.Length && long.TryParse(options[at + 1], CultureInfo.InvariantCulture, out value) && value >= 1000);
    }

    private static async Task<WebApplication> StartAsync(string database)
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { EnvironmentName = "Development" });
        builder.Logging.ClearProviders();
        builder.WebHost.UseSetting("urls", "http://127.0.0.1:0");
        builder.Services.AddReliableMqDashboard(options => options.AddService("billing", database));
        var app = builder.Build();
        app.MapReliableMqDashboard();
        await app.StartAsync();
        return app;
    }
}

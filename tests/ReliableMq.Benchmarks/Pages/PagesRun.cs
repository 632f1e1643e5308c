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
        if (options is not ([] or ["--rows", _]) || !long.TryParse(options is ["--rows", var text] ? text : "1000000", CultureInfo.InvariantCulture, out var rows) || rows < 1000)
        {
            await Console.Error.WriteLineAsync($"Unknown options '{string.Join(' ', options)}'. Use: dashboard [--rows N], with 1000 rows or more.");
            return 2;
        }

        var startedAt = TimeProvider.System.GetTimestamp();
        await using var database = await PagesDatabase.CreateAsync(rows);
        Console.WriteLine($"{rows} rows in the outbox, its history and the inbox each, {rows / 10} dead letters: {TimeProvider.System.GetElapsedTime(startedAt).TotalSeconds:0} s");
        await using var dashboard = await StartAsync(database);
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

    private static async Task<WebApplication> StartAsync(PagesDatabase database)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseSetting("urls", "http://127.0.0.1:0");
        builder.Services.AddReliableMqDashboard(options => options.AddService("billing", database.ConnectionString));
        var app = builder.Build();
        app.MapReliableMqDashboard();
        await app.StartAsync();
        return app;
    }
}

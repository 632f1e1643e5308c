using Microsoft.Extensions.DependencyInjection;
using ReliableMq.Dashboard.Services;
using ReliableMq.Dashboard.Tests.Support;
using ReliableMq.TestSupport;

namespace ReliableMq.Dashboard.Tests;

public sealed class Live_changes
{
    [Fact]
    public async Task Whoever_listens_is_told_of_which_service_what_has_changed()
    {
        await using var rows = await ServiceRows.CreateAsync("orders");
        await using var host = await DashboardHost.StartAsync(options => options.AddService("orders", rows.Database.DataSource));
        using var listener = await ListenAsync(host);

        await AskedOnceMoreAsync(host);
        await rows.DeadAsync(1);

        (await NextAsync(listener, "dead-letters")).ShouldStartWith("data: {\"service\":\"orders\",\"areas\":[");
    }

    [Fact]
    public async Task All_that_listen_cost_the_database_the_same_and_nobody_costs_nothing()
    {
        await using var rows = await ServiceRows.CreateAsync("orders");
        await using var host = await DashboardHost.StartAsync(options => options.AddService("orders", rows.Database.DataSource));
        var changes = host.Services.GetRequiredService<Changes>();
        changes.IsAsking.ShouldBeFalse();

        var listeners = new List<StreamReader>();
        for (var i = 0; i < 5; i++)
        {
            listeners.Add(await ListenAsync(host));
        }

        var (before, startedAt) = (changes.Asked, TimeProvider.System.GetTimestamp());
        await Eventually.TrueAsync(() => changes.Asked >= before + 3, "it asks");
        (changes.Asked - before).ShouldBeLessThanOrEqualTo((long)TimeProvider.System.GetElapsedTime(startedAt).TotalSeconds + 2);
        listeners.ForEach(listener => listener.Dispose());

        await Eventually.TrueAsync(() => !changes.IsAsking, "nobody is asked any more");
    }

    [Fact]
    public async Task Whoever_listens_neither_holds_up_a_stop_nor_makes_it_an_error()
    {
        await using var rows = await ServiceRows.CreateAsync("orders");
        var host = await DashboardHost.StartAsync(options => options.AddService("orders", rows.Database.DataSource));
        using var listener = await ListenAsync(host);

        await host.Services.GetRequiredService<Microsoft.Extensions.Hosting.IHost>().StopAsync();

        (await listener.ReadToEndAsync()).ShouldNotContain("problem");
        host.Logs.Entries.Where(entry => entry.Level >= Microsoft.Extensions.Logging.LogLevel.Error).ShouldBeEmpty();
        await host.DisposeAsync();
    }

    private static async Task<StreamReader> ListenAsync(DashboardHost host)
    {
        var response = await host.Client.GetAsync(new Uri("reliable-mq/api/v1/live", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead);
        response.Content.Headers.ContentType!.MediaType.ShouldBe("text/event-stream");
        var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        (await reader.ReadLineAsync()).ShouldBe(": listening");
        return reader;
    }

    /// <summary>What was before is known by then.</summary>
    private static async Task AskedOnceMoreAsync(DashboardHost host)
    {
        var changes = host.Services.GetRequiredService<Changes>();
        var asked = changes.Asked;
        await Eventually.TrueAsync(() => changes.Asked > asked + 1, "it asks");
    }

    private static async Task<string> NextAsync(StreamReader listener, string area)
    {
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (await listener.ReadLineAsync(timeout.Token) is { } line)
        {
            if (line.StartsWith("data:", StringComparison.Ordinal) && line.Contains(area, StringComparison.Ordinal))
            {
                return line;
            }
        }

        throw new InvalidOperationException("The stream ended.");
    }
}

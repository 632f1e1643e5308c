using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Playwright;
using ReliableMq.Dashboard.Tests.Support;

namespace ReliableMq.Dashboard.Tests.Browser;

public sealed class What_an_open_page_costs(Chromium chromium)
{
    private const double Seconds = 12;
    private const int Rounds = 7;
    private const double MostTimes = 8;

    /// <summary>Asks the same and says it, with nothing around it.</summary>
    private const string BarePage = """<!doctype html><meta charset="utf-8"><title>bare</title><script type="module">const { verdict } = await (await fetch("reliable-mq/api/v1/overview")).json(); document.body.innerHTML = `<h1>${verdict.text}</h1>`</script>""";

    [Theory]
    [InlineData("")]
    [InlineData("outbox/pending")]
    [InlineData("inbox/failing")]
    [InlineData("dead-letters/list")]
    [InlineData("queues")]
    public async Task Less_than_five_statements_a_second_while_everything_changes(string place)
    {
        await using var rows = await ServiceRows.CreateAsync("orders");
        await rows.DeadAsync(20);
        await using var counted = new CountedStatements(rows.Database.ConnectionString);
        await using var host = await DashboardHost.StartAsync(options => options.AddService("orders", counted.Source));
        await using var window = await chromium.OpenAsync(new Uri(host.Client.BaseAddress!, "reliable-mq/"));
        await window.GoAsync(place);
        await window.SettledAsync();
        using var ending = new CancellationTokenSource();
        var changing = ChangeAsync(rows, ending.Token);

        await window.Page.EvaluateAsync("performance.clearResourceTimings()");
        var (before, startedAt) = (counted.Count, TimeProvider.System.GetTimestamp());
        await window.Page.WaitForTimeoutAsync((float)(Seconds * 1000));
        var perSecond = (counted.Count - before) / TimeProvider.System.GetElapsedTime(startedAt).TotalSeconds;

        await ending.CancelAsync();
        await changing;
        TestContext.Current.TestOutputHelper?.WriteLine($"{place}: {perSecond:0.0} statements a second");
        perSecond.ShouldBeLessThan(5);
        perSecond.ShouldBeGreaterThan(0.5);
        // Changes are gathered for four seconds, however many come: statements alone would not tell on a slow machine.
        var mostOfOneAddress = await window.Page.EvaluateAsync<int>(
            "Math.max(0, ...Object.values(Object.groupBy(performance.getEntriesByType('resource').filter(({ name }) => name.includes('/api/v1/')), ({ name }) => name)).map((all) => all.length))");
        mostOfOneAddress.ShouldBeInRange(1, 5);
    }

    /// <summary>What the machine is busy with slows both down.</summary>
    [Fact]
    public async Task The_first_view_stands_there_after_few_times_what_a_page_without_anything_takes()
    {
        await using var rows = await ServiceRows.CreateAsync("orders");
        await using var host = await DashboardHost.StartAsync(options => options.AddService("orders", rows.Database.DataSource), map: app =>
        {
            app.MapReliableMqDashboard();
            app.MapGet("/bare", () => Results.Content(BarePage, "text/html"));
        });
        var (bare, page, paint) = (new List<double>(), new List<double>(), new List<double>());
        for (var round = 0; round < Rounds; round++)
        {
            bare.Add((await HeadingAsync(host, "bare")).Stands);
            var (stands, painted) = await HeadingAsync(host, "reliable-mq/");
            page.Add(stands);
            paint.Add(painted);
        }

        var ratio = Median(page) / Median(bare);
        TestContext.Current.TestOutputHelper?.WriteLine($"its heading after {Median(page):0} ms, first contentful paint after {Median(paint):0} ms, that of the bare page after {Median(bare):0} ms: {ratio:0.0} times");
        ratio.ShouldBeLessThan(MostTimes);
    }

    [Fact]
    public async Task All_that_the_first_view_needs_is_less_than_150_kB()
    {
        await using var rows = await ServiceRows.CreateAsync("orders");
        await using var host = await DashboardHost.StartAsync(options => options.AddService("orders", rows.Database.DataSource));
        await using var window = await chromium.OpenAsync(new Uri(host.Client.BaseAddress!, "reliable-mq/"));

        await window.GoAsync("");
        await window.SettledAsync();

        // Read from the line, the API's answers included, but the stream of changes, which has no end.
        var bytes = await window.Page.EvaluateAsync<long>("[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')].reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0)");
        TestContext.Current.TestOutputHelper?.WriteLine($"{bytes} bytes");
        bytes.ShouldBeInRange(50_000, 150_000);
    }

    /// <summary>In a new window, which has nothing of the page yet: milliseconds since the address was entered.</summary>
    private async Task<(double Stands, double Painted)> HeadingAsync(DashboardHost host, string place)
    {
        await using var window = await chromium.OpenAsync(host.Client.BaseAddress!);
        await window.GoAsync(place);
        var stands = await window.Page.WaitForFunctionAsync("() => document.querySelector('h1') && performance.now()");
        return (await stands.JsonValueAsync<double>(), await window.Page.EvaluateAsync<double>("performance.getEntriesByType('paint').find(({ name }) => name === 'first-contentful-paint')?.startTime ?? 0"));
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    private static async Task ChangeAsync(ServiceRows rows, CancellationToken cancellationToken)
    {
        for (var round = 0; !cancellationToken.IsCancellationRequested; round++)
        {
            await rows.PendingAsync(1, $"p{round}-");
            await rows.DeadAsync(1, prefix: $"d{round}-");
        }
    }
}

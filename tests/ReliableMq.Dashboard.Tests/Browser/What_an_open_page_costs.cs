using Microsoft.Playwright;
using ReliableMq.Dashboard.Tests.Support;

namespace ReliableMq.Dashboard.Tests.Browser;

public sealed class What_an_open_page_costs(Chromium chromium)
{
    private const double Seconds = 12;

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

        var (before, startedAt) = (counted.Count, TimeProvider.System.GetTimestamp());
        await window.Page.WaitForTimeoutAsync((float)(Seconds * 1000));
        var perSecond = (counted.Count - before) / TimeProvider.System.GetElapsedTime(startedAt).TotalSeconds;

        await ending.CancelAsync();
        await changing;
        TestContext.Current.TestOutputHelper?.WriteLine($"{place}: {perSecond:0.0} statements a second");
        perSecond.ShouldBeLessThan(5);
        perSecond.ShouldBeGreaterThan(0.5);
    }

    [Fact]
    public async Task The_first_view_can_be_used_soon()
    {
        await using var rows = await ServiceRows.CreateAsync("orders");
        await using var host = await DashboardHost.StartAsync(options => options.AddService("orders", rows.Database.DataSource));
        await using var window = await chromium.OpenAsync(new Uri(host.Client.BaseAddress!, "reliable-mq/"));

        await window.GoAsync("");
        await window.SettledAsync();

        // From the start of the navigation until the heading stands there, which the page's own script has drawn.
        var milliseconds = await window.Page.EvaluateAsync<double>("performance.getEntriesByType('paint').find(({ name }) => name === 'first-contentful-paint').startTime");
        var script = await window.Page.EvaluateAsync<double>("performance.getEntriesByType('navigation')[0].domInteractive");
        TestContext.Current.TestOutputHelper?.WriteLine($"first contentful paint after {milliseconds:0} ms, document interactive after {script:0} ms");
        milliseconds.ShouldBeLessThan(30_000);
    }

    private static async Task ChangeAsync(ServiceRows rows, CancellationToken cancellationToken)
    {
        for (var round = 0; !cancellationToken.IsCancellationRequested; round++)
        {
            await rows.PendingAsync(1, $"p{round}-");
            await rows.DeadAsync(1, prefix: $"d{round}-");
        }
    }
}

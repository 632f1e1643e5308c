using Microsoft.Playwright;
using ReliableMq.Dashboard.Tests.Support;

namespace ReliableMq.Dashboard.Tests.Browser;

/// <summary>
/// Takes pictures of every page, for whoever designs: RELIABLEMQ_PICTURES names the folder. RELIABLEMQ_PICTURES_OF, such
/// as <c>full-light-1440-en</c>, leaves out those whose names do not contain it.
/// </summary>
public sealed class Pictures(Chromium chromium)
{
    private static readonly string? Folder = Environment.GetEnvironmentVariable("RELIABLEMQ_PICTURES");
    private static readonly string Wanted = Environment.GetEnvironmentVariable("RELIABLEMQ_PICTURES_OF") ?? "";

    public static bool AreWanted => Folder is not null;

    private static readonly Dictionary<string, string> Places = new()
    {
        ["overview"] = "", ["overview-week"] = "?minutes=10080", ["outbox-pending"] = "outbox/pending", ["outbox-scheduled"] = "outbox/scheduled", ["outbox-retrying"] = "outbox/retrying",
        ["outbox-failed"] = "outbox/failed", ["outbox-sent"] = "outbox/sent", ["inbox-failing"] = "inbox/failing", ["inbox-scheduled"] = "inbox/scheduled", ["inbox-done"] = "inbox/done", ["inbox-parked"] = "inbox/parked",
        ["dead-groups"] = "dead-letters", ["dead-list"] = "dead-letters/list", ["dead-replays"] = "dead-letters/replays", ["message"] = "message?id=through-1", ["message-unknown"] = "message?id=nobody", ["queues"] = "queues",
        ["queue"] = "queues?queue=billing.order-placed", ["alerts"] = "alerts", ["alerts-resolved"] = "alerts?resolved=true", ["nodes"] = "nodes", ["schedule"] = "schedule", ["audit"] = "audit", ["search"] = "search?q=order-7", ["search-none"] = "search?q=nothing", ["nowhere"] = "nowhere",
    };

    [Theory(Skip = "Only with RELIABLEMQ_PICTURES", SkipUnless = nameof(AreWanted))]
    [InlineData("empty")]
    [InlineData("full")]
    [InlineData("failing")]
    public async Task Every_page(string state)
    {
        await using var orders = await ServiceRows.CreateAsync("orders");
        await using var billing = await ServiceRows.CreateAsync("billing");
        await using var shipping = await ServiceRows.CreateAsync("shipping");
        if (state != "empty")
        {
            await PictureRows.FillAsync(orders, billing, shipping, isFailing: state == "failing");
        }

        await using var host = await DashboardHost.StartAsync(options =>
        {
            options.AddService("orders", orders.Database.DataSource).AddService("billing", billing.Database.DataSource);
            options.AddService("shipping", state == "failing" ? "Host=127.0.0.1;Port=1;Username=nobody;Timeout=2" : shipping.Database.ConnectionString);
        });
        foreach (var (theme, width, language) in new[] { (ColorScheme.Light, 1440, "en"), (ColorScheme.Dark, 1440, "en"), (ColorScheme.Light, 900, "en"), (ColorScheme.Light, 390, "en"), (ColorScheme.Dark, 390, "zh"), (ColorScheme.Light, 1440, "zh") })
        {
            var name = $"{state}-{theme.ToString().ToLowerInvariant()}-{width}-{language}";
            if (!name.Contains(Wanted, StringComparison.Ordinal))
            {
                continue;
            }

            await using var window = await chromium.OpenAsync(new Uri(host.Client.BaseAddress!, "reliable-mq/"), options =>
            {
                options.ColorScheme = theme;
                options.ViewportSize = new ViewportSize { Width = width, Height = width == 390 ? 844 : 900 };
                options.Locale = language == "zh" ? "zh-CN" : "en-GB";
            });
            foreach (var (page, place) in Places)
            {
                await window.GoAsync(place);
                await TakeAsync(window, $"{name}-{page}");
            }

            if (state == "full")
            {
                await LookCloserAsync(window, name);
            }
        }
    }

    private static async Task LookCloserAsync(BrowserWindow window, string name)
    {
        await window.GoAsync("outbox/failed");
        await window.SettledAsync();
        await window.Page.Locator("tbody a").First.ClickAsync();
        await TakeAsync(window, $"{name}-outbox-row");
        await window.GoAsync("outbox/pending");
        await window.SettledAsync();
        await window.Page.Locator("tbody input").First.CheckAsync();
        await TakeAsync(window, $"{name}-selected");
        await window.Page.Locator(".filters button").First.ClickAsync();
        await TakeAsync(window, $"{name}-filters");
        await window.GoAsync("dead-letters/list");
        await window.SettledAsync();
        await window.Page.Locator("tbody a").First.ClickAsync();
        await TakeAsync(window, $"{name}-dead-letter");
        await window.Page.Locator(".title-actions button").First.ClickAsync();
        await BrowserWindow.ShowsAsync(window.Dialog);
        await TakeAsync(window, $"{name}-question");
        await window.Page.Keyboard.PressAsync("Escape");
        await window.Page.Locator(".title-actions a").First.ClickAsync();
        await BrowserWindow.ShowsAsync(window.Page.Locator("textarea"));
        await window.Page.Locator("textarea").FillAsync("{ \"orderId\": 7, \"customer\": \"c-8\" }");
        await TakeAsync(window, $"{name}-edit");
    }

    private static async Task TakeAsync(BrowserWindow window, string name)
    {
        await window.SettledAsync();
        await window.Page.WaitForTimeoutAsync(300);
        await window.Page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(Folder!, $"{name}.png"), FullPage = true });
    }
}

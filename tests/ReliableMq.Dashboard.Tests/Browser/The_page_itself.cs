using Microsoft.Playwright;
using ReliableMq.TestSupport;

namespace ReliableMq.Dashboard.Tests.Browser;

public sealed class The_page_itself(Chromium chromium)
{
    private static readonly string[] Places =
    [
        "", "outbox/pending", "outbox/scheduled", "outbox/failed", "outbox/sent", "inbox/failing", "inbox/done", "inbox/parked", "dead-letters", "dead-letters/list", "dead-letters/replays",
        "message?id=away-1", "queues", "queues?queue=shop.order-paid", "alerts", "nodes", "schedule", "audit", "search?q=away-1", "search", "nowhere",
    ];

    [Theory]
    [InlineData(ColorScheme.Light, 1280)]
    [InlineData(ColorScheme.Dark, 360)]
    public async Task Axe_finds_nothing_serious_and_nothing_is_cut_off(ColorScheme theme, int width)
    {
        await using var shop = await TestShop.OpenAsync();
        await shop.PayAsync(new OrderPaid(9, "12345"));
        await shop.CarrierWasAwayAsync(first: 1, count: 3);
        await Eventually.TrueAsync(async () => (await shop.ShippedAsync()).Count == 1, "one is shipped", Chromium.Patience);
        await using var window = await chromium.OpenAsync(shop, options =>
        {
            What_an_operator_does.AsOperator(options);
            options.ColorScheme = theme;
            options.ViewportSize = new ViewportSize { Width = width, Height = 800 };
        });
        var found = new List<string>();

        foreach (var place in Places)
        {
            await window.GoAsync(place);
            await LookAsync(place);
        }

        await window.GoAsync("dead-letters/list");
        await window.Page.Locator("tbody").GetByRole(AriaRole.Link, new LocatorGetByRoleOptions { Name = "shop.order-paid.v1" }).First.ClickAsync();
        await BrowserWindow.ShowsAsync(window.Page.Locator(".code"));
        await LookAsync("a dead letter");
        await window.Button("Discard").ClickAsync();
        await BrowserWindow.ShowsAsync(window.Dialog);
        await LookAsync("a question");
        await window.ConfirmAsync("Keep as it is");
        await window.Link("Edit and replay").ClickAsync();
        await BrowserWindow.ShowsAsync(window.Page.Locator("textarea"));
        await LookAsync("an edited dead letter");
        found.ShouldBeEmpty();
        window.ShouldBeQuiet();

        async Task LookAsync(string place)
        {
            await window.SettledAsync();
            found.AddRange((await window.BarriersAsync()).Select(barrier => $"{place}: {barrier}"));
            if (await window.OverflowAsync() is > 0 and var overflow)
            {
                found.Add($"{place}: {overflow} px too wide");
            }
        }
    }

    [Fact]
    public async Task An_address_leads_to_the_same_view_and_back_goes_back()
    {
        await using var shop = await TestShop.OpenAsync();
        await shop.CarrierWasAwayAsync(first: 1, count: 60);
        await using var window = await chromium.OpenAsync(shop, What_an_operator_does.AsOperator);
        const string List = "dead-letters/list?errorType=System.TimeoutException&queue=shop.order-paid";

        await window.GoAsync(List);
        await BrowserWindow.ShowsAsync(window.Page.GetByRole(AriaRole.Button).Filter(new LocatorFilterOptions { HasText = "System.TimeoutException" }));
        await window.Link("Older").ClickAsync();
        await Assertions.Expect(window.Page.Locator("tbody tr")).ToHaveCountAsync(10);
        window.Place.ShouldContain("cursor=");
        await window.Page.ReloadAsync();
        await Assertions.Expect(window.Page.Locator("tbody tr")).ToHaveCountAsync(10);
        await window.Page.Locator("tbody").GetByRole(AriaRole.Link, new LocatorGetByRoleOptions { Name = "shop.order-paid.v1" }).First.ClickAsync();
        await BrowserWindow.ShowsAsync(window.Heading("shop.order-paid.v1"));
        window.Place.ShouldStartWith("dead-letters/row/shop/");
        await window.Page.GoBackAsync();
        await Assertions.Expect(window.Page.Locator("tbody tr")).ToHaveCountAsync(10);
        await window.Page.GoBackAsync();
        await Assertions.Expect(window.Page.Locator("tbody tr")).ToHaveCountAsync(50);
        window.Place.ShouldBe(List);
        window.ShouldBeQuiet();
    }

    [Fact]
    public async Task The_search_finds_a_message_from_everywhere_by_the_keyboard_alone()
    {
        await using var shop = await TestShop.OpenAsync();
        await shop.CarrierWasAwayAsync(first: 7, count: 1);
        await using var window = await chromium.OpenAsync(shop);

        await window.GoAsync("nodes");
        await window.SettledAsync();
        await window.Page.Keyboard.PressAsync("/");
        await window.Page.Keyboard.TypeAsync("away-7");
        await window.Page.Keyboard.PressAsync("Enter");

        await BrowserWindow.ShowsAsync(window.Page.Locator(".timeline").GetByText("Dead-lettered"));
        window.Place.ShouldBe("message?id=away-7");
        window.ShouldBeQuiet();
    }

    [Fact]
    public async Task The_viewer_chooses_language_theme_and_time_zone_and_the_browser_remembers()
    {
        await using var shop = await TestShop.OpenAsync();
        await using var window = await chromium.OpenAsync(shop, options => options.Locale = "zh-CN");

        await window.GoAsync("nodes");
        await BrowserWindow.ShowsAsync(window.Heading("节点"));
        await window.Button("设置").ClickAsync();
        await window.Page.GetByText("English").ClickAsync();
        await window.Page.GetByText("Dark").ClickAsync();
        await window.Page.GetByText("UTC", new PageGetByTextOptions { Exact = true }).Last.ClickAsync();
        await window.Page.ReloadAsync();

        await BrowserWindow.ShowsAsync(window.Heading("Nodes"));
        await BrowserWindow.ShowsAsync(window.Button("Time zone: UTC"));
        (await window.Page.EvaluateAsync<string>("getComputedStyle(document.body).backgroundColor")).ShouldBe("rgb(19, 21, 25)");
        window.ShouldBeQuiet();
    }
}

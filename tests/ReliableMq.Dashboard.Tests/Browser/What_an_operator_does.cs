using System.Globalization;
using Microsoft.Playwright;
using ReliableMq.TestSupport;

namespace ReliableMq.Dashboard.Tests.Browser;

public sealed class What_an_operator_does(Chromium chromium)
{
    [Fact]
    public async Task Finds_why_an_order_was_not_shipped_mends_its_body_and_watches_it_arrive()
    {
        await using var shop = await TestShop.OpenAsync();
        await shop.PayAsync(new OrderPaid(1, "12345"), new OrderPaid(2, "12 34X"));
        await Eventually.TrueAsync(async () => await shop.DeadAsync() == 1, "the order is given up", Chromium.Patience);
        await using var window = await chromium.OpenAsync(shop, AsOperator);

        await window.GoAsync("");
        await window.Link("Open dead letters").ClickAsync();
        await window.Link("FormatException").ClickAsync();
        await window.Page.Locator("tbody").GetByRole(AriaRole.Link, new LocatorGetByRoleOptions { Name = "shop.order-paid.v1" }).ClickAsync();
        await window.ShowsAsync("The postal code \"12 34X\" of order 2 is not one.");
        await window.Link("Edit and replay").ClickAsync();
        var body = window.Page.GetByLabel("Body", new PageGetByLabelOptions { Exact = true }).And(window.Page.Locator("textarea"));
        await body.FillAsync("{ \"orderId\": 2, ");
        await Assertions.Expect(window.Button("Replay edited")).ToBeDisabledAsync();
        await window.ShowsAsync("Line 1, column ");
        await body.FillAsync("""{ "orderId": 2, "postalCode": "12340" }""");
        await window.Button("Replay edited").ClickAsync();
        await window.ConfirmAsync("Replay edited");

        // The page of the message follows it by itself.
        await BrowserWindow.ShowsAsync(window.Page.Locator(".timeline").GetByText("Handled", new LocatorGetByTextOptions { Exact = true }));
        (await shop.ShippedAsync()).ShouldBe([1, 2]);
        window.ShouldBeQuiet();
    }

    [Fact]
    public async Task Replays_five_thousand_by_their_exception_while_traffic_runs()
    {
        const int Dead = 5_000;
        await using var shop = await TestShop.OpenAsync();
        await shop.CarrierWasAwayAsync(first: 1, Dead);
        await using var window = await chromium.OpenAsync(shop, AsOperator);
        using var traffic = new CancellationTokenSource();
        var paying = PayUntilAsync(shop, first: Dead + 1, traffic.Token);

        await window.GoAsync("dead-letters");
        await window.Button("Replay all: TimeoutException in shop.order-paid").ClickAsync();
        await window.ShowsAsync("Replay 5,000 messages?");
        await window.Dialog.GetByLabel("At most per second").FillAsync("5000");
        await window.ConfirmAsync("Replay 5,000");

        await window.ShowsAsync("Replay of 5,000 messages started.");
        await Eventually.TrueAsync(async () => (await shop.ShippedAsync()).Count(order => order <= Dead) == Dead, "all are shipped", 2 * Chromium.Patience);
        await window.ShowsAsync("No dead letters.");
        await traffic.CancelAsync();
        var paid = await paying;
        paid.ShouldBeGreaterThan(10, "there was no traffic");
        await Eventually.TrueAsync(async () => (await shop.ShippedAsync()).Count == Dead + paid, "the traffic is shipped as well", Chromium.Patience);
        (await shop.ShippedAsync()).ShouldBe(Enumerable.Range(1, Dead + paid));
        window.ShouldBeQuiet();
    }

    [Fact]
    public async Task Is_refused_as_a_viewer_and_told_why()
    {
        await using var shop = await TestShop.OpenAsync();
        await shop.CarrierWasAwayAsync(first: 1, count: 1);
        await using var window = await chromium.OpenAsync(shop);

        await window.GoAsync("dead-letters/list");
        await window.Page.Locator("tbody").GetByRole(AriaRole.Link, new LocatorGetByRoleOptions { Name = "shop.order-paid.v1" }).ClickAsync();
        var replay = window.Button("Replay");
        await Assertions.Expect(replay).ToBeDisabledAsync();
        await replay.HoverAsync();

        await window.ShowsAsync("Your account may look but not change anything. Operators can.");
        await window.ShowsAsync("Your account may not see bodies of messages.");
        await replay.ClickAsync(new LocatorClickOptions { Force = true });
        await Assertions.Expect(window.Dialog).ToHaveCountAsync(0);
        window.ShouldBeQuiet();
        // Nor by hand, past what the page hinders.
        (await window.Page.EvaluateAsync<int>(
            """fetch("api/v1/dead-letters/discard", { method: "POST", headers: { "X-ReliableMq-Change": "1", "Content-Type": "application/json" }, body: JSON.stringify({ service: "shop", filter: {}, expectedCount: 1, reason: "none" }) }).then(({ status }) => status)"""))
            .ShouldBe(401);
        (await shop.DeadAsync()).ShouldBe(1);
    }

    [Fact]
    public async Task Is_told_when_more_match_than_were_seen()
    {
        await using var shop = await TestShop.OpenAsync();
        await shop.CarrierWasAwayAsync(first: 1, count: 10);
        await using var window = await chromium.OpenAsync(shop, AsOperator);

        await window.GoAsync("dead-letters");
        await window.Button("Discard all: TimeoutException in shop.order-paid").ClickAsync();
        await window.ShowsAsync("Discard 10 messages?");
        await shop.CarrierWasAwayAsync(first: 11, count: 90);
        await window.Dialog.GetByLabel("Reason").FillAsync("a test");
        await window.ConfirmAsync("Discard 10");

        await window.ShowsAsync("100 match by now, more than you saw. Nothing was done; look again.");
        (await shop.DeadAsync()).ShouldBe(100);
    }

    [Fact]
    public async Task Cannot_ask_twice_while_the_first_is_on_its_way()
    {
        await using var shop = await TestShop.OpenAsync();
        await shop.CarrierWasAwayAsync(first: 1, count: 1);
        await using var window = await chromium.OpenAsync(shop, AsOperator);
        var answer = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var asked = 0;
        await window.Page.RouteAsync("**/replay", async route =>
        {
            asked++;
            await answer.Task;
            await route.ContinueAsync();
        });

        await window.GoAsync("dead-letters/list");
        await window.Page.Locator("tbody").GetByRole(AriaRole.Link, new LocatorGetByRoleOptions { Name = "shop.order-paid.v1" }).ClickAsync();
        await window.Button("Replay").ClickAsync();
        await window.ConfirmAsync("Replay 1");

        await Assertions.Expect(window.Button("Replay")).ToBeDisabledAsync();
        answer.SetResult();
        await window.ShowsAsync("It was replayed.");
        asked.ShouldBe(1);
        window.ShouldBeQuiet();
    }

    private static async Task<int> PayUntilAsync(TestShop shop, int first, CancellationToken stop)
    {
        var paid = 0;
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(100), TimeProvider.System);
        try
        {
            while (await pace.WaitForNextTickAsync(stop))
            {
                await shop.PayAsync(new OrderPaid(first + paid, (10_000 + paid).ToString(CultureInfo.InvariantCulture)));
                paid++;
            }
        }
        catch (OperationCanceledException)
        {
            // Enough.
        }

        return paid;
    }

    internal static void AsOperator(BrowserNewContextOptions options) => options.ExtraHTTPHeaders = new Dictionary<string, string> { ["X-Role"] = "operator" };
}

using Microsoft.Playwright;
using ReliableMq.TestSupport;

namespace ReliableMq.Dashboard.Tests.Browser;

/// <summary>One browser for all tests; each test looks through a window of its own.</summary>
public sealed class Chromium : IAsyncDisposable
{
    /// <summary>Only used up by a test that fails; two busy cores are slow.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly Lazy<Task<(IPlaywright, IBrowser)>> _started = new(StartAsync);

    internal Task<BrowserWindow> OpenAsync(TestShop shop, Action<BrowserNewContextOptions>? change = null) => OpenAsync(shop.Address, change);

    /// <param name="start">Ends with a slash.</param>
    /// <param name="change">Changes the usual options.</param>
    internal async Task<BrowserWindow> OpenAsync(Uri start, Action<BrowserNewContextOptions>? change = null)
    {
        var (_, browser) = await _started.Value;
        var options = new BrowserNewContextOptions
        {
            Locale = "en-GB", TimezoneId = "Europe/Berlin", ReducedMotion = ReducedMotion.Reduce, ViewportSize = new ViewportSize { Width = 1280, Height = 900 },
        };
        change?.Invoke(options);
        var context = await browser.NewContextAsync(options);
        context.SetDefaultTimeout((float)Patience.TotalMilliseconds);
        return new BrowserWindow(await context.NewPageAsync(), start);
    }

    public async ValueTask DisposeAsync()
    {
        if (_started.IsValueCreated)
        {
            var (playwright, browser) = await _started.Value;
            await browser.CloseAsync();
            playwright.Dispose();
        }
    }

    private static async Task<(IPlaywright, IBrowser)> StartAsync()
    {
        Assertions.SetDefaultExpectTimeout((float)Patience.TotalMilliseconds);
        var playwright = await Playwright.CreateAsync();
        return (playwright, await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = await Tools.FindAsync("chromium"),
            // As root, as in a container, Chromium has no sandbox.
            Args = ["--no-sandbox", "--disable-dev-shm-usage"],
        }));
    }
}

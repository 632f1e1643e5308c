using System.Text.Json;
using Microsoft.Playwright;
using ReliableMq.Tests;

namespace ReliableMq.Dashboard.Tests.Browser;

/// <summary>What an operator has before the eyes, and what the browser complained of meanwhile.</summary>
internal sealed class BrowserWindow : IAsyncDisposable
{
    private static readonly Lazy<string> Axe = new(() => File.ReadAllText(Repository.PathOf("src/ReliableMq.Dashboard/ui/node_modules/axe-core", "axe.min.js")));
    private readonly Uri _start;
    private readonly List<string> _complaints = [];

    public BrowserWindow(IPage page, Uri start)
    {
        (Page, _start) = (page, start);
        page.Console += (_, message) =>
        {
            if (message.Type == "error")
            {
                Complain(message.Text);
            }
        };
        page.PageError += (_, error) => Complain(error);
        page.Request += (_, request) =>
        {
            if (new Uri(request.Url) is var url && url.Authority != start.Authority && url.Scheme is "http" or "https")
            {
                Complain($"a request to another origin: {request.Url}");
            }
        };
    }

    public IPage Page { get; }

    /// <summary>The part of the address behind the dashboard's own.</summary>
    public string Place => Page.Url[_start.AbsoluteUri.Length..];

    public Task GoAsync(string place) => Page.GotoAsync(_start.AbsoluteUri + place);

    public ILocator Heading(string text) => Page.GetByRole(AriaRole.Heading, new PageGetByRoleOptions { Name = text, Exact = true });

    public ILocator Link(string text) => Page.GetByRole(AriaRole.Link, new PageGetByRoleOptions { Name = text });

    public ILocator Button(string text) => Page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = text, Exact = true });

    public ILocator Dialog => Page.GetByRole(AriaRole.Alertdialog);

    public Task ConfirmAsync(string button) => Dialog.GetByRole(AriaRole.Button, new LocatorGetByRoleOptions { Name = button, Exact = true }).ClickAsync();

    public static Task ShowsAsync(ILocator locator) => Assertions.Expect(locator.First).ToBeVisibleAsync();

    public Task ShowsAsync(string text) => ShowsAsync(Page.GetByText(text));

    /// <summary>Returns when the page has what it asked for.</summary>
    public async Task SettledAsync()
    {
        await Assertions.Expect(Page.Locator("h1, .blank").First).ToBeVisibleAsync();
        await Assertions.Expect(Page.Locator(".loading")).ToHaveCountAsync(0);
    }

    /// <summary>What axe finds on the page that is serious or worse.</summary>
    public async Task<IReadOnlyList<string>> BarriersAsync()
    {
        await Page.EvaluateAsync(Axe.Value);
        var found = await Page.EvaluateAsync<string>(
            "axe.run().then(({ violations }) => JSON.stringify(violations.filter(({ impact }) => impact === 'serious' || impact === 'critical').flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.target.join(' ')}`))))");
        return JsonSerializer.Deserialize<List<string>>(found)!;
    }

    public Task<int> OverflowAsync() => Page.EvaluateAsync<int>("document.documentElement.scrollWidth - document.documentElement.clientWidth");

    /// <summary>Nothing failed, nothing was refused by the page's policy, and nothing was asked of another origin.</summary>
    public void ShouldBeQuiet()
    {
        lock (_complaints)
        {
            _complaints.ShouldBeEmpty();
        }
    }

    public async ValueTask DisposeAsync() => await Page.Context.CloseAsync();

    private void Complain(string what)
    {
        lock (_complaints)
        {
            _complaints.Add(what);
        }
    }
}

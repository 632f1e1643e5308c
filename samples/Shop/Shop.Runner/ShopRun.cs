using Shop.Runner.Data;
using Shop.Runner.Ledgers;
using Shop.Runner.Running;
using Shop.Runner.Views;
using Spectre.Console;

namespace Shop.Runner;

/// <summary>The run from the first database to the ledger, and the look afterwards.</summary>
internal sealed class ShopRun(Arguments arguments, IAnsiConsole console, IView view, TimeProvider clock)
{
    /// <summary>Returns whether Billing was killed while a handler was running and the ledger balances.</summary>
    public async Task<bool> RunAsync(CancellationToken ct)
    {
        var lines = OrdersCsv.Read(OrdersCsv.DefaultPath, arguments.Orders);
        var servers = Servers.FromEnvironment();
        await using var databases = new ShopDatabases(servers.Postgres, arguments.Name);
        using var virtualHost = new ShopVirtualHost(servers, arguments.Name);
        await databases.OpenAsync(ct);
        var start = await StartingPoint.PrepareAsync(lines, databases, virtualHost, arguments.Fresh, ct);
        console.WriteLine(start.Placed.Count == 0
            ? $"{lines.Count:N0} orders to place."
            : $"An interrupted run goes on: {start.Placed.Count:N0} of {lines.Count:N0} orders are already placed, {start.Invoiced.Count:N0} invoiced.");

        await using var services = ShopServices.Create(servers, databases, arguments.Name);
        console.WriteLine($"Starting Orders, Billing and Shipping; their logs are in {services.LogFolder}");
        await services.StartAsync(holdHandler: (start.LeftToBill(lines) + 1) / 2, ct);
        console.WriteLine($"Dashboard: {services.Dashboard}");

        await using var data = databases.OpenData();
        var status = new RunStatus(lines.Count, lines.Count(line => line.Refusal is null), clock);
        var orders = lines.Where(line => !start.Placed.Contains(line.OrderId)).ToList();
        var problem = await PlaceAndFollowAsync(orders, services, data, status, ct);

        var report = Ledger.Check(lines, await data.ReadAsync(await ProgressFollower.DeadOrdersAsync(services.Billing, ct), ct));
        await databases.MarkEndedAsync();
        console.Write(report);
        if (problem is not null)
        {
            console.MarkupLineInterpolated($"[red]{problem}[/]");
        }

        if (!arguments.Exit)
        {
            await StayUpAsync(services, servers, ct);
        }

        return problem is null && report.Balances;
    }

    /// <summary>Returns what went wrong on the way; null where nothing did.</summary>
    private async Task<string?> PlaceAndFollowAsync(
        IReadOnlyList<OrderLine> orders, ShopServices services, ShopData data, RunStatus status, CancellationToken ct)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        using var stopView = new CancellationTokenSource();
        var showing = view.ShowAsync(status, stopView.Token);
        var kill = new BillingKill(services.Billing, data, status, clock);
        var following = new ProgressFollower(data, services.Billing, status, clock).FollowAsync(stop.Token);
        var feeding = OrderFeeder.FeedAsync(orders, services.Orders, stop.Token);
        var killing = kill.RunAsync(stop.Token);
        try
        {
            await FirstFailureOrAsync(following, [feeding, killing, .. services.Failures]);
            if (!await following)
            {
                return "Nothing moved for a minute, so the run ends here.";
            }

            if (kill.HeldOrder is null)
            {
                return "Billing was not killed: no handler could be held half-way.";
            }

            await Task.WhenAll(feeding, killing);
            status.Note($"All orders are done: {orders.Count:N0} in {status.Elapsed.TotalSeconds:0.0} s, {orders.Count / status.Elapsed.TotalSeconds:N0} a second.");
            await kill.WaitForAftermathAsync(ct);
            return null;
        }
        finally
        {
            await stop.CancelAsync();
            await Task.WhenAll(following, feeding, killing).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await stopView.CancelAsync();
            await showing;
        }
    }

    private async Task StayUpAsync(ShopServices services, Servers servers, CancellationToken ct)
    {
        // Not through the console, which would break the command into lines.
        await console.Profile.Out.Writer.WriteLineAsync($"""

            The Shop stays up for a look. Ctrl-C ends it.
              place an order  curl -i {services.Orders.Address}orders -H 'Content-Type: application/json' -d '{Example}'
              dashboard       {services.Dashboard}
              dead letters    curl {services.Billing.Address}dead-letters
              health          {services.Orders.Address}health  {services.Billing.Address}health  {services.Shipping.Address}health
              RabbitMQ        {servers.Management}#/queues (user {servers.UserName}, virtual host {arguments.Name})
              logs            {services.LogFolder}
            """);
        try
        {
            await FirstFailureOrAsync(Task.Delay(Timeout.InfiniteTimeSpan, clock, ct), services.Failures);
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // The usual end.
        }
    }

    private static string Example =>
        $$"""{"orderId":"{{Guid.NewGuid()}}","customer":"You","country":"DE","product":"MUG-BLUE-300","quantity":1,"unitPrice":14}""";

    /// <summary>Waits for <paramref name="end"/>; what fails before is thrown, what succeeds is passed over.</summary>
    private static async Task FirstFailureOrAsync(Task end, IEnumerable<Task> others)
    {
        var pending = others.Append(end).ToList();
        while (!end.IsCompleted)
        {
            var done = await Task.WhenAny(pending);
            await done;
            pending.Remove(done);
        }
    }
}

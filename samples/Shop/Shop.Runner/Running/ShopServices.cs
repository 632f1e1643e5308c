namespace Shop.Runner.Running;

/// <summary>Orders, Billing and Shipping as child processes.</summary>
internal sealed class ShopServices : IAsyncDisposable
{
    private const string HoldHandler = "SHOP_HOLD_HANDLER";

    public required Service Orders { get; init; }

    public required Service Billing { get; init; }

    public required Service Shipping { get; init; }

    public required string LogFolder { get; init; }

    public Uri Dashboard => new(Orders.Address, "reliable-mq/");

    public IEnumerable<Task> Failures => [Orders.Failed, Billing.Failed, Shipping.Failed];

    public static ShopServices Create(Servers servers, ShopDatabases databases, string shop)
    {
        var logs = Directory.CreateDirectory(Path.Combine(Root, ".servers", shop, "logs")).FullName;
        using var ports = FreePorts.Find().GetEnumerator();
        return new()
        {
            Orders = Create("Orders", databases.Orders),
            Billing = Create("Billing", databases.Billing),
            Shipping = Create("Shipping", databases.Shipping),
            LogFolder = logs,
        };

        Service Create(string name, string database)
        {
            ports.MoveNext();
            var address = new Uri($"http://127.0.0.1:{ports.Current}");
            var log = Path.Combine(logs, $"{name.ToLowerInvariant()}.log");
            File.Delete(log);
            return new(name, address, AssemblyOf(name), log, new Dictionary<string, string>
            {
                ["SHOP_RUNNER"] = "true",
                // Shows the dashboard to this machine, as no policy is named.
                ["ASPNETCORE_ENVIRONMENT"] = "Development",
                ["Urls"] = address.ToString(),
                // Orders looks into the others' for the dashboard.
                ["ConnectionStrings__Orders"] = databases.ServiceConnection(databases.Orders, by: database),
                ["ConnectionStrings__Billing"] = databases.ServiceConnection(databases.Billing, by: database),
                ["ConnectionStrings__Shipping"] = databases.ServiceConnection(databases.Shipping, by: database),
                ["ReliableMq__Broker__Hosts"] = $"{servers.RabbitMq.Host}:{(servers.RabbitMq.IsDefaultPort ? 5672 : servers.RabbitMq.Port)}",
                ["ReliableMq__Broker__VirtualHost"] = shop,
                ["ReliableMq__Broker__UserName"] = servers.UserName,
                ["ReliableMq__Broker__Password"] = servers.Password,
                // A run is over before what the compiler would learn from it pays: this saves a third of the processor time.
                ["DOTNET_TieredPGO"] = "0",
                // The shortest there is, so that what the killed Billing was sending is soon taken over.
                ["ReliableMq__Outbox__Lease"] = $"{BillingKill.Lease}",
                ["ReliableMq__Broker__ConfirmTimeout"] = $"{BillingKill.Lease / 2}",
                ["ReliableMq__Broker__Heartbeat"] = $"{BillingKill.Lease / 10}",
            });
        }
    }

    /// <summary>Starts all three; Billing will hold its n-th handler for the kill.</summary>
    public async Task StartAsync(int holdHandler, CancellationToken ct)
    {
        Orders.Start();
        Billing.Start(KeyValuePair.Create(HoldHandler, $"{holdHandler}"));
        Shipping.Start();
        await Task.WhenAll(Orders.WaitUntilHealthyAsync(ct), Billing.WaitUntilHealthyAsync(ct), Shipping.WaitUntilHealthyAsync(ct));
    }

    public async ValueTask DisposeAsync() =>
        await Task.WhenAll(Orders.DisposeAsync().AsTask(), Billing.DisposeAsync().AsTask(), Shipping.DisposeAsync().AsTask());

    /// <summary>The folder of the repository, or the working directory for a runner that was copied elsewhere.</summary>
    private static string Root
    {
        get
        {
            var folder = new DirectoryInfo(AppContext.BaseDirectory);
            while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "ReliableMq.sln")))
            {
                folder = folder.Parent;
            }

            return folder?.FullName ?? Environment.CurrentDirectory;
        }
    }

    /// <summary>The service was built along with the runner, into a sister folder of the same shape.</summary>
    private static string AssemblyOf(string service) =>
        Path.Combine(AppContext.BaseDirectory.Replace("Shop.Runner", $"Shop.{service}", StringComparison.Ordinal), $"Shop.{service}.dll");
}

using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using Quartz;

namespace ReliableMq.Faults.Workload;

/// <summary>A process of the workload: a service like a user's, with short times so that a run is short.</summary>
internal static class Role
{
    public const string Producer = "producer";
    public const string Consumer = "consumer";

    public static async Task<int> RunAsync(string role, RoleOrders orders)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { ApplicationName = role });
        builder.Configuration.AddInMemoryCollection(SettingsOf(role, orders));
        using var log = new LogFile(Path.Combine(orders.Folder, $"{orders.Name}.log"));
        builder.Logging.AddProvider(log).SetMinimumLevel(LogLevel.Information).AddFilter("Microsoft", LogLevel.Warning).AddFilter("Quartz", LogLevel.Warning);
        builder.Services.AddSingleton(orders).AddSingleton<TimeProvider, WrongClock>();
        builder.Services.AddSingleton(new Journal(Path.Combine(orders.Folder, $"{orders.Name}.journal")));
        builder.Services.AddSingleton(NpgsqlDataSource.Create(orders.ConnectionString));
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(20));
        var reliableMq = builder.Services.AddReliableMq(builder.Configuration.GetSection("ReliableMq")).AddAlertSink<Teller>();
        if (orders.Soak is not null)
        {
            await AddSoakAsync(builder, reliableMq, role, orders);
        }

        if (role == Producer)
        {
            builder.Services.AddDbContextPool<SendingDb>(db => db.UseNpgsql(orders.ConnectionString));
            reliableMq.AddOutbox<SendingDb>();
            builder.Services.AddSingleton<Producer>().AddHostedService(services => services.GetRequiredService<Producer>());
        }
        else
        {
            // By the broker itself where that can; else what fails is held.
            builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?> { ["ReliableMq:Queues:faults.notices-first:DelayedRetry"] = "1s..10s" });
            builder.Services.AddDbContextPool<HandlingDb>(db => db.UseNpgsql(orders.ConnectionString));
            reliableMq.AddInbox<HandlingDb>().AddInbox(services => services.GetRequiredService<NpgsqlDataSource>()).AddFaultsHandlers();
            builder.Services.AddSingleton(services => new Fates(orders, services.GetRequiredService<TimeProvider>())).AddHostedService<Operator>();
        }

        using var host = builder.Build();
        await host.StartAsync();
        Console.WriteLine(RoleOrders.Started);
        _ = ListenAsync(host);
        await host.WaitForShutdownAsync();
        return 0;
    }

    private static Dictionary<string, string?> SettingsOf(string role, RoleOrders orders) => new()
    {
        ["ReliableMq:Service"] = role,
        ["ReliableMq:Broker:Hosts"] = orders.BrokerHost,
        ["ReliableMq:Broker:VirtualHost"] = orders.VirtualHost,
        ["ReliableMq:Broker:UserName"] = orders.UserName,
        ["ReliableMq:Broker:Password"] = orders.Password,
        ["ReliableMq:Broker:Heartbeat"] = "00:00:01",
        ["ReliableMq:Broker:ConfirmTimeout"] = "00:00:03",
        ["ReliableMq:Outbox:Lease"] = "00:00:10",
        ["ReliableMq:Outbox:MaxUnconfirmed"] = orders.MaxUnconfirmed.ToString(CultureInfo.InvariantCulture),
        ["ReliableMq:Outbox:PollInterval"] = "00:00:01",
        ["ReliableMq:Outbox:ResendInterval"] = "00:00:05",
        ["ReliableMq:Topology:CheckInterval"] = "00:00:02",
        ["ReliableMq:Database:CreateSchema"] = "true",
    };

    private static async Task AddSoakAsync(HostApplicationBuilder builder, ReliableMqBuilder reliableMq, string role, RoleOrders orders)
    {
        // The least that is allowed. What else is kept is made older than it is, see Ageing.
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["ReliableMq:Outbox:KeepSent"] = SoakOrders.KeepSent.ToString(),
            ["ReliableMq:Inbox:KeepHandled"] = "01:00:00",
            ["ReliableMq:DeadLetters:KeepReplayed"] = "01:00:00",
            ["ReliableMq:DeadLetters:KeepAudit"] = "1.00:00:00",
        });
        var scheduler = await QuartzSchedulerBuilder.Create(quartz => quartz.UseInMemoryStore()).Build().GetScheduler();
        reliableMq.UseScheduler(scheduler);
        builder.Services.AddHostedService(_ => new QuickHousekeeping(scheduler, role)).AddHostedService<ProcessFigures>();
        if (orders.Soak!.Leaks is { Count: > 0 } leaks)
        {
            builder.Services.AddHostedService(provider => new Leak(leaks, orders, provider.GetRequiredService<TimeProvider>()));
        }
    }

    /// <summary>What the machine asks of the process while it runs.</summary>
    private static async Task ListenAsync(IHost host)
    {
        await Task.Yield();
        while (await Console.In.ReadLineAsync() is { } line)
        {
            switch (line)
            {
                case RoleOrders.StopStoring:
                    host.Services.GetService<Producer>()?.StopStoring();
                    break;
                case var _ when line.StartsWith(RoleOrders.Clock, StringComparison.Ordinal):
                    ((WrongClock)host.Services.GetRequiredService<TimeProvider>()).SetWrongBy(TimeSpan.FromSeconds(int.Parse(line[RoleOrders.Clock.Length..], CultureInfo.InvariantCulture)));
                    break;
                case RoleOrders.SendNow:
                    await SendNowAsync(host);
                    break;
            }
        }
    }

    private static async Task SendNowAsync(IHost host)
    {
        try
        {
            await host.Services.GetRequiredService<IPendingMessages>().SendNowAsync(new PendingMessageFilter { State = PendingState.Retrying }, who: "operator");
        }
        catch (Exception error) when (error is NpgsqlException or TimeoutException or ReliableMqException)
        {
            await Console.Error.WriteLineAsync(error.Message);
        }
    }
}

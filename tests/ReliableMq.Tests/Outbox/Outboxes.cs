using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace ReliableMq.Tests.Outbox;

/// <summary>Hosts with an outbox whose database is never connected.</summary>
internal static class Outboxes
{
    public const string NoDatabase = "Host=never.connected.invalid";

    public static IHost Host(ILoggerProvider? logs = null, bool pooled = false, int maxBytes = 1_000)
    {
        var builder = Microsoft.Extensions.Hosting.Host.CreateEmptyApplicationBuilder(new() { ApplicationName = "orders" });
        if (logs is not null)
        {
            builder.Logging.AddProvider(logs);
        }

        builder.Services.AddReliableMq(options =>
        {
            options.Broker.Hosts = "never.connected.invalid";
            options.Broker.MaxMessageBytes = maxBytes;
        }).AddOutbox<OrdersDb>();
        _ = pooled
            ? builder.Services.AddDbContextPool<OrdersDb>(context => context.UseNpgsql(NoDatabase))
            : builder.Services.AddDbContext<OrdersDb>(context => context.UseNpgsql(NoDatabase));
        return builder.Build();
    }
}

using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Npgsql;
using ReliableMq.Alerting;
using ReliableMq.Scheduling;
using ReliableMq.Storage;

namespace ReliableMq.CrashPoints;

/// <summary>Where the service finds its servers, and whether it handles.</summary>
public sealed record Addresses(string Host, string VirtualHost, string UserName, string Password, string Database, bool Handles);

/// <summary>A service that sends and handles, and does on its standard input's word what a test wants.</summary>
internal static class Service
{
    public const string Replay = "replay", Housekeep = "housekeep", SendNow = "send now", SendInOrder = "send in order";

    public static async Task<int> RunAsync(string text)
    {
        var addresses = JsonSerializer.Deserialize<Addresses>(text)!;
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { ApplicationName = "crashes" });
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["ReliableMq:Service"] = "crashes",
            ["ReliableMq:Broker:Hosts"] = addresses.Host,
            ["ReliableMq:Broker:VirtualHost"] = addresses.VirtualHost,
            ["ReliableMq:Broker:UserName"] = addresses.UserName,
            ["ReliableMq:Broker:Password"] = addresses.Password,
            ["ReliableMq:Broker:Heartbeat"] = "00:00:01",
            ["ReliableMq:Broker:ConfirmTimeout"] = "00:00:02",
            ["ReliableMq:Outbox:Lease"] = "00:00:10",
            ["ReliableMq:Outbox:PollInterval"] = "00:00:01",
            ["ReliableMq:Database:CreateSchema"] = "true",
        });
        await using var database = NpgsqlDataSource.Create(addresses.Database);
        builder.Services.AddSingleton(database).AddDbContext<CrashDb>(db => db.UseNpgsql(addresses.Database));
        var reliableMq = builder.Services.AddReliableMq(builder.Configuration.GetSection("ReliableMq")).AddAlertSink<Pager>();
        // Whoever is told first would die in its place.
        builder.Services.Remove(builder.Services.Single(service => service.ImplementationType == typeof(LogAlertSink)));
        _ = addresses.Handles ? reliableMq.AddInbox<CrashDb>().AddCrashPointsHandlers() : reliableMq.AddOutbox<CrashDb>();
        using var host = builder.Build();
        await host.StartAsync();
        await Task.WhenAll(host.Services.GetRequiredService<ServiceDatabases>().All.Select(one => one.Ready));
        while (await Console.In.ReadLineAsync() is { } line)
        {
            await DoAsync(line, host.Services);
        }

        return 0;
    }

    private static async Task DoAsync(string line, IServiceProvider services)
    {
        await using var scope = services.CreateAsyncScope();
        switch (line)
        {
            case Replay:
                // Each is a batch of its own.
                await services.GetRequiredService<IDeadLetters>().ReplayAsync(new DeadLetterFilter(), who: "operator", new ReplayManyOptions { PerSecond = 1 });
                break;
            case Housekeep:
                await services.GetServices<IScheduledWork>().Single(work => work.Name == "inbox-housekeeping").RunOnceAsync(CancellationToken.None);
                break;
            case SendNow:
                await services.GetRequiredService<IPendingMessages>().SendNowAsync(new PendingMessageFilter(), who: "operator");
                break;
            default:
                var db = scope.ServiceProvider.GetRequiredService<CrashDb>();
                if (line == SendInOrder)
                {
                    db.AddMessage(new InOrder(1), new() { OrderingKey = "key" });
                    db.AddMessage(new InOrder(2), new() { OrderingKey = "key" });
                }
                else
                {
                    db.AddMessage(JsonSerializer.Deserialize<Number>(line)!);
                }

                await db.SaveChangesAsync();
                break;
        }
    }

    /// <summary>Writes down of which alert it was told.</summary>
    private sealed class Pager(NpgsqlDataSource database) : IAlertSink
    {
        public string Name => "pager";

        public async Task SendAsync(Alert alert, CancellationToken cancellationToken)
        {
            await using var note = database.CreateCommand("INSERT INTO told VALUES ($1, $2)");
            note.Parameters.Add(new() { Value = alert.Id });
            note.Parameters.Add(new() { Value = alert.Count });
            await note.ExecuteNonQueryAsync(cancellationToken);
        }
    }
}

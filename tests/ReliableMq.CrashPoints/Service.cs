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

/// <summary>A message that the service sends to itself.</summary>
[Message("crashes.number.v1")]
public sealed record Number(int Value)
{
    /// <summary>It fails for good as long as no row of <c>mended</c> says otherwise.</summary>
    public bool NeedsMending => Value < 0;
}

public sealed class CrashDb(DbContextOptions<CrashDb> options) : DbContext(options);

/// <summary>Its effect is a row.</summary>
public sealed class NumberHandlers
{
    public const string Queue = "crashes.numbers";

    [MessageHandler(Queue, Retry = "100ms", Inbox = typeof(CrashDb))]
    public async Task HandleAsync(Number number, MessageContext context)
    {
        await using var effect = new NpgsqlCommand("INSERT INTO effect SELECT $1 WHERE NOT $2 OR EXISTS (SELECT FROM mended WHERE number = $1)", context.Transaction!.Connection, context.Transaction)
        {
            Parameters = { new() { Value = number.Value }, new() { Value = number.NeedsMending } },
        };
        if (await effect.ExecuteNonQueryAsync(context.CancellationToken) == 0)
        {
            throw new PermanentFailureException($"{number.Value} needs mending.");
        }
    }
}

/// <summary>Where the service finds its servers.</summary>
public sealed record Addresses(string Host, string VirtualHost, string UserName, string Password, string Database);

/// <summary>A service that sends and handles, and does on its standard input's word what a test wants.</summary>
internal static class Service
{
    public const string Replay = "replay", Housekeep = "housekeep";

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
            ["ReliableMq:Broker:Heartbeat"] = "00:00:02",
            ["ReliableMq:Broker:ConfirmTimeout"] = "00:00:02",
            ["ReliableMq:Outbox:Lease"] = "00:00:10",
            ["ReliableMq:Outbox:PollInterval"] = "00:00:01",
            ["ReliableMq:Database:CreateSchema"] = "true",
        });
        await using var database = NpgsqlDataSource.Create(addresses.Database);
        builder.Services.AddSingleton(database).AddDbContext<CrashDb>(db => db.UseNpgsql(addresses.Database));
        builder.Services.AddReliableMq(builder.Configuration.GetSection("ReliableMq"))
            .AddInbox<CrashDb>()
            .AddCrashPointsHandlers()
            .AddAlertSink<Pager>();
        // Whoever is told first would die in its place.
        builder.Services.Remove(builder.Services.Single(service => service.ImplementationType == typeof(LogAlertSink)));
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
                await services.GetRequiredService<IDeadLetters>().ReplayAsync(new DeadLetterFilter(), who: "operator");
                break;
            case Housekeep:
                await services.GetServices<IScheduledWork>().Single(work => work.Name == "inbox-housekeeping").RunOnceAsync(CancellationToken.None);
                break;
            default:
                var db = scope.ServiceProvider.GetRequiredService<CrashDb>();
                db.AddMessage(new Number(int.Parse(line)));
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

using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace ReliableMq.Benchmarks.EndToEnd;

/// <summary>Two services as a user writes them.</summary>
internal sealed class LibraryPipeline(Place place, Scenario scenario) : IPipeline
{
    private const string Queue = "bench.ticks";
    private IHost? _sender;
    private IHost? _receiver;

    public Arrivals Arrivals { get; set; } = new(0);

    public string OutboxTable => "reliable_mq.outbox";

    public async Task StartAsync()
    {
        _sender = Build("sender", place.Sender.ConnectionString, builder => builder.AddOutbox<BenchDb>());
        _receiver = Build("receiver", place.Receiver.ConnectionString, builder => builder.AddInbox<BenchDb>().AddHandler(new HandlerDefinition
        {
            Queue = Queue, MessageName = "bench.tick.v1", MessageType = typeof(Tick), HandlerName = "bench",
            Invoke = (services, message, context) => HandleAsync(services.GetRequiredService<BenchDb>(), (Tick)message, context.CancellationToken),
        }));
        await _receiver.StartAsync();
        await _sender.StartAsync();
    }

    public async Task SendAsync(int first, int count)
    {
        if (scenario.UsesEf)
        {
            await using var scope = _sender!.Services.CreateAsyncScope();
            var db = scope.ServiceProvider.GetRequiredService<BenchDb>();
            for (var number = first; number < first + count; number++)
            {
                var tick = Tick.Of(number);
                db.Entries.Add(new Entry { Number = number, Text = tick.Text });
                db.AddMessage(tick);
            }

            await db.SaveChangesAsync();
            return;
        }

        var outbox = _sender!.Services.GetRequiredService<IOutbox>();
        await using var connection = await place.Sender.DataSource.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using var insert = Rows.Insert(connection, first, count);
        await insert.ExecuteNonQueryAsync();
        if (count == 1)
        {
            await outbox.AddAsync(transaction, Tick.Of(first));
        }
        else
        {
            await outbox.AddManyAsync(transaction, Enumerable.Range(first, count).Select(Tick.Of));
        }

        await transaction.CommitAsync();
    }

    private async ValueTask HandleAsync(BenchDb db, Tick tick, CancellationToken cancellationToken)
    {
        Arrivals.Arrived(tick.Number);
        if (scenario.UsesEf)
        {
            db.Entries.Add(new Entry { Number = tick.Number, Text = tick.Text });
            return;
        }

        await using var insert = Rows.Insert((NpgsqlConnection)db.Database.GetDbConnection(), tick.Number, 1);
        insert.Transaction = (NpgsqlTransaction?)db.Database.CurrentTransaction?.GetDbTransaction();
        await insert.ExecuteNonQueryAsync(cancellationToken);
    }

    private IHost Build(string service, string connectionString, Action<ReliableMqBuilder> configure)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { ApplicationName = service });
        builder.Logging.SetMinimumLevel(LogLevel.Warning).AddSimpleConsole();
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["ReliableMq:Broker:Hosts"] = $"{place.Broker.HostName}:{place.Broker.Port.ToString(CultureInfo.InvariantCulture)}",
            ["ReliableMq:Broker:VirtualHost"] = place.Broker.VirtualHost,
            ["ReliableMq:Broker:UserName"] = place.Broker.UserName,
            ["ReliableMq:Broker:Password"] = place.Broker.Password,
            ["ReliableMq:Database:CreateSchema"] = "true",
        });
        builder.Services.AddDbContextPool<BenchDb>(options => options.UseNpgsql(connectionString));
        configure(builder.Services.AddReliableMq(builder.Configuration.GetSection("ReliableMq")));
        return builder.Build();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var host in new[] { _sender, _receiver })
        {
            if (host is not null)
            {
                await host.StopAsync();
                host.Dispose();
            }
        }
    }
}

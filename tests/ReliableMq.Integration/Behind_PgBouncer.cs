using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;
using ReliableMq.Integration.Support;
using ReliableMq.TestSupport;
using Xunit;

namespace ReliableMq.Integration;

public class Behind_PgBouncer
{
    // Fewer than the handlers of one service, so that every transaction may meet another server connection.
    private const int ServerConnections = 4;

    [Fact]
    public async Task Several_processes_store_send_handle_retry_and_give_up_in_transaction_mode()
    {
        await using var world = await World.CreateAsync();
        await using var bouncer = await PrivatePgBouncer.CreateAsync(ServerConnections);
        var addresses = world.Addresses with { ConnectionString = bouncer.Through(world.Database.ConnectionString) };
        await using var first = await world.StartAsync(Configure);
        await using var second = await world.StartAsync(Configure);
        await first.ConsumingAsync();
        await using var process = world.StartProcess(Worker.Produce, 100, addresses);

        await Task.WhenAll(Enumerable.Range(0, 10).Select(async ten =>
        {
            var service = ten % 2 == 0 ? first : second;
            for (var number = 1000 + ten * 10; number < 1010 + ten * 10; number++)
            {
                await service.SaveAsync(new Numbered(number));
            }
        }));
        await using (var connection = new NpgsqlConnection(addresses.ConnectionString))
        {
            await connection.OpenAsync();
            await using var transaction = await connection.BeginTransactionAsync();
            await first.Host.Services.GetRequiredService<IOutbox>().AddAsync(transaction, new Numbered(2000), new MessageOptions { OrderingKey = "key" });
            await transaction.CommitAsync();
        }

        await Eventually.EqualAsync([.. Enumerable.Range(0, 100).Where(number => number != 66), .. Enumerable.Range(1000, 100), 2000], world.EffectsAsync, "effects", TimeSpan.FromSeconds(60));
        await Eventually.EqualAsync(1, () => world.CountAsync("dead_letter"), "dead letters");
        await Eventually.EqualAsync(0, () => world.CountAsync("outbox"), "rows left in the outbox");
        (await first.HealthAsync()).Entries["reliable-mq-outbox"].Description.ShouldBe("Messages leave in time.");
        await NothingStaysInSessionsAsync(addresses.ConnectionString);
        process.Kill();
        await first.StopAsync();
        await second.StopAsync();
        first.Logs.Entries.Concat(second.Logs.Entries)
            .Where(entry => entry.Level >= LogLevel.Warning && entry.Category.StartsWith("ReliableMq", StringComparison.Ordinal) && entry.EventId.Id is not (6001 or 7001 or 9002))
            .ShouldBeEmpty();

        void Configure(TestServiceSetup setup)
        {
            setup.ConnectionString = addresses.ConnectionString;
            setup.HandleNumbered(before: (message, context) => message.Number switch
            {
                1005 when context.Attempt == 1 => throw new InvalidOperationException("once"),
                66 => throw new InvalidOperationException("always"),
                _ => Task.CompletedTask,
            });
        }
    }

    /// <summary>The next client gets these server connections, with whatever was left in them.</summary>
    private static async Task NothingStaysInSessionsAsync(string connectionString)
    {
        var waits = await Task.WhenAll(Enumerable.Range(0, ServerConnections).Select(async _ =>
        {
            await using var connection = new NpgsqlConnection(connectionString);
            await connection.OpenAsync();
            await using var transaction = await connection.BeginTransactionAsync();
            await using var command = new NpgsqlCommand("SELECT current_setting('lock_timeout') || ' ' || (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()) || ' ' || (SELECT count(*) FROM pg_prepared_statements) FROM pg_sleep(0.2)", connection);
            return (string?)await command.ExecuteScalarAsync();
        }));
        waits.ShouldAllBe(wait => wait == "0 0 0");
    }

    [Fact]
    public async Task What_a_killed_process_left_behind_is_taken_over_when_its_lease_runs_out()
    {
        await using var world = await World.CreateAsync();
        await using var bouncer = await PrivatePgBouncer.CreateAsync(ServerConnections);
        await using var proxy = await TcpProxy.StartAsync(world.Broker.HostName, world.Broker.Port);
        proxy.AcceptAndIgnore = true;
        var addresses = world.Addresses with { ConnectionString = bouncer.Through(world.Database.ConnectionString) };
        await using (var producer = world.StartProcess(Worker.Produce, 20, addresses with { BrokerHost = $"{proxy.Host}:{proxy.Port}" }))
        {
            await producer.WaitForLineAsync(line => line == "saved 19");
            producer.Kill();
        }

        await using var successor = await world.StartAsync(setup =>
        {
            setup.ConnectionString = addresses.ConnectionString;
            setup.HandleNumbered();
            setup.Settings["Outbox:PollInterval"] = "00:00:01";
        });

        await Eventually.EqualAsync(Enumerable.Range(0, 20), world.EffectsAsync, "effects");
    }
}

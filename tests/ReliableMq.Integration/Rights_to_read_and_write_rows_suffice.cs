using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;
using ReliableMq.Integration.Support;
using ReliableMq.Scheduling;
using ReliableMq.TestSupport;
using Xunit;

namespace ReliableMq.Integration;

public class Rights_to_read_and_write_rows_suffice
{
    [Fact]
    public async Task A_role_without_any_other_right_stores_sends_handles_retries_gives_up_and_cleans_up()
    {
        await using var world = await World.CreateAsync();
        await world.Database.ExecuteAsync(ReliableMqSchema.Script());
        var role = $"role_of_{world.Database.Name}";
        await world.Database.ExecuteAsync(
            $"""
            CREATE ROLE {role} LOGIN PASSWORD 'worker' NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS;
            GRANT USAGE ON SCHEMA reliable_mq TO {role};
            GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA reliable_mq TO {role};
            GRANT SELECT, INSERT, UPDATE, DELETE ON "Effects" TO {role};
            """);
        try
        {
            await using var service = await world.StartAsync(setup =>
            {
                setup.ConnectionString = new NpgsqlConnectionStringBuilder(world.Database.ConnectionString) { Username = role, Password = "worker" }.ConnectionString;
                setup.Settings["Database:CreateSchema"] = "false";
                setup.HandleNumbered(retry: "50ms", before: (message, context) => message.Number switch
                {
                    2 when context.Attempt == 1 => throw new InvalidOperationException("once"),
                    3 => throw new InvalidOperationException("always"),
                    _ => Task.CompletedTask,
                });
                // Longer than a delivery is held, so it becomes a scheduled row.
                setup.Handle<Followed>("tests.scheduled", (_, _, _) => throw new InvalidOperationException("later"), retry: "1h");
            });

            await service.SaveAsync(new Numbered(1), new Numbered(2), new Numbered(3), new Followed(4));
            await service.UseAsync(db =>
            {
                Microsoft.EntityFrameworkCore.ReliableMqDbContextExtensions.AddMessage(db, new Numbered(5), new MessageOptions { DeliverAt = TimeProvider.System.GetUtcNow().AddSeconds(1) });
                return db.SaveChangesAsync();
            });
            foreach (var work in service.Host.Services.GetServices<IScheduledWork>())
            {
                await work.RunOnceAsync(CancellationToken.None);
            }

            await Eventually.EqualAsync([1, 2, 5], world.EffectsAsync, "effects");
            await Eventually.EqualAsync(1, () => world.CountAsync("dead_letter"), "dead letters");
            await Eventually.EqualAsync(1, () => world.CountAsync("failure WHERE state = 'scheduled'"), "scheduled retries");
            (await service.HealthAsync()).Entries["reliable-mq-outbox"].Description.ShouldBe("Messages leave in time.");
            await service.StopAsync();
            service.Logs.Entries.Where(entry => entry.Level >= LogLevel.Error && entry.EventId.Id is not (7001 or 9002)).ShouldBeEmpty();
        }
        finally
        {
            NpgsqlConnection.ClearAllPools();
            await world.Database.ExecuteAsync($"DROP OWNED BY {role} CASCADE; DROP ROLE {role}");
        }
    }
}

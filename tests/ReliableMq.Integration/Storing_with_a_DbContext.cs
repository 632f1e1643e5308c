using System.Transactions;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using ReliableMq.Integration.Support;
using ReliableMq.TestSupport;
using Xunit;

namespace ReliableMq.Integration;

public class Storing_with_a_DbContext
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Rows_and_messages_are_saved_together_pooled_or_not(bool pooled)
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup => setup.Pooled = pooled);

        await service.UseAsync(async db =>
        {
            db.Effects.Add(new Effect { Number = 1 });
            db.AddMessage(new Elsewhere(1));
            await db.SaveChangesAsync();
            db.Effects.Add(new Effect { Number = 2 });
            db.AddMessage(new Elsewhere(2));
            db.SaveChanges();
        });

        (await world.EffectsAsync()).ShouldBe([1, 2]);
        (await world.CountAsync("outbox")).ShouldBe(2);
    }

    [Fact]
    public async Task A_failed_save_keeps_the_message_and_the_next_save_writes_it_once()
    {
        await using var world = await World.CreateAsync();
        await world.Database.ExecuteAsync("""ALTER TABLE "Effects" ADD CONSTRAINT positive CHECK ("Number" > 0)""");
        await using var service = await world.StartAsync();

        await service.UseAsync(async db =>
        {
            var effect = new Effect { Number = -1 };
            db.Effects.Add(effect);
            db.AddMessage(new Elsewhere(1));
            await Should.ThrowAsync<DbUpdateException>(() => db.SaveChangesAsync());
            (await world.CountAsync("outbox")).ShouldBe(0);

            effect.Number = 1;
            await db.SaveChangesAsync();
            await db.SaveChangesAsync();
        });

        (await world.CountAsync("outbox")).ShouldBe(1);
    }

    [Fact]
    public async Task A_concurrency_failure_saves_no_message()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync();

        await service.UseAsync(async db =>
        {
            var effect = new Effect { Number = 1 };
            db.Effects.Add(effect);
            await db.SaveChangesAsync();
            await world.Database.ExecuteAsync("""DELETE FROM "Effects" """);

            effect.Number = 2;
            db.AddMessage(new Elsewhere(1));
            await Should.ThrowAsync<DbUpdateConcurrencyException>(() => db.SaveChangesAsync());
        });

        (await world.CountAsync("outbox")).ShouldBe(0);
    }

    [Fact]
    public async Task An_error_of_the_outbox_itself_fails_the_save()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync();
        await world.Database.ExecuteAsync("ALTER TABLE reliable_mq.outbox ADD CONSTRAINT never CHECK (name <> 'elsewhere.other.v1')");

        await service.UseAsync(async db =>
        {
            db.Effects.Add(new Effect { Number = 1 });
            db.AddMessage(new Elsewhere(1));
            await Should.ThrowAsync<Exception>(() => db.SaveChangesAsync());
        });

        (await world.EffectsAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task Several_saves_in_one_transaction_are_sent_after_its_commit()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup => setup.HandleNumbered());

        await service.UseAsync(async db =>
        {
            await using var transaction = await db.Database.BeginTransactionAsync();
            db.AddMessage(new Numbered(1));
            await db.SaveChangesAsync();
            db.Effects.Add(new Effect { Number = 100 });
            db.AddMessage(new Numbered(2));
            await db.SaveChangesAsync();
            await transaction.CommitAsync();
        });

        await Eventually.EqualAsync([1, 2, 100], world.EffectsAsync, "effects");
    }

    [Fact]
    public async Task A_rolled_back_savepoint_takes_its_messages_along()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup => setup.HandleNumbered());

        await service.UseAsync(async db =>
        {
            await using var transaction = await db.Database.BeginTransactionAsync();
            db.AddMessage(new Numbered(1));
            await db.SaveChangesAsync();
            await transaction.CreateSavepointAsync("here");
            db.AddMessage(new Numbered(2));
            await db.SaveChangesAsync();
            await transaction.RollbackToSavepointAsync("here");
            await db.Database.ExecuteSqlAsync($"SAVEPOINT raw");
            db.AddMessage(new Numbered(3));
            await db.SaveChangesAsync();
            await db.Database.ExecuteSqlAsync($"ROLLBACK TO raw");
            db.AddMessage(new Numbered(4));
            await db.SaveChangesAsync();
            await transaction.CommitAsync();
        });

        await Eventually.EqualAsync([1, 4], world.EffectsAsync, "effects");
        (await world.CountAsync("outbox_history")).ShouldBe(2);
    }

    [Fact]
    public async Task A_retrying_execution_strategy_saves_nothing_twice()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup =>
        {
            setup.HandleNumbered();
            setup.Npgsql = npgsql => npgsql.EnableRetryOnFailure(5, TimeSpan.FromMilliseconds(10), null);
        });

        var executions = 0;
        await service.UseAsync(async db => await db.Database.CreateExecutionStrategy().ExecuteAsync(async () =>
        {
            db.ChangeTracker.Clear();
            await using var transaction = await db.Database.BeginTransactionAsync();
            db.Effects.Add(new Effect { Number = 100 });
            db.AddMessage(new Numbered(1));
            await db.SaveChangesAsync();
            if (++executions == 1)
            {
                throw new NpgsqlException("transient", new IOException("cut"));
            }

            await transaction.CommitAsync();
        }));

        executions.ShouldBe(2);
        await Eventually.EqualAsync([1, 100], world.EffectsAsync, "effects");
        // It may be handled before its sender has recorded that it was sent.
        await Eventually.EqualAsync(1L, () => world.CountAsync("outbox_history"), "sent messages");
    }

    [Fact]
    public async Task A_message_that_is_never_saved_is_logged_when_its_context_ends()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync();

        await service.UseAsync(db =>
        {
            db.AddMessage(new Elsewhere(1));
            return Task.CompletedTask;
        });

        service.Logs.Entries.ShouldContain(entry => entry.EventId.Id == 1001
            && entry.Message == "1 message(s) \"elsewhere.other.v1\" were added to a \"TestDb\" but never saved, so they will not be sent. Call SaveChanges after AddMessage.");
        await service.UseAsync(db => db.SaveChangesAsync());
        (await world.CountAsync("outbox")).ShouldBe(0);
    }

    [Fact]
    public async Task Messages_cost_no_round_trip_of_their_own()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync();
        await using var proxy = await TcpProxy.StartAsync("127.0.0.1", new NpgsqlConnectionStringBuilder(world.Database.ConnectionString).Port);
        await service.StopAsync();
        await using var observed = world.Build(setup => setup.ConnectionString = world.Database.ConnectionStringThrough(proxy));
        await observed.UseAsync(db => db.Effects.CountAsync());

        async Task<int> RoundTripsAsync(Action<TestDb> change)
        {
            var requests = 0;
            await observed.UseAsync(async db =>
            {
                change(db);
                proxy.OnClientData(_ =>
                {
                    requests++;
                    return ProxyAction.Forward;
                });
                await db.SaveChangesAsync();
                proxy.OnClientData(null);
            });
            return requests;
        }

        static void TwoRows(TestDb db) => db.Effects.AddRange(new Effect { Number = 1 }, new Effect { Number = 2 });
        await RoundTripsAsync(TwoRows);
        var plain = await RoundTripsAsync(TwoRows);
        var withMessages = await RoundTripsAsync(db =>
        {
            TwoRows(db);
            db.AddMessage(new Elsewhere(1));
            db.AddMessage(new Elsewhere(2));
        });

        withMessages.ShouldBe(plain);
    }

    [Fact]
    public async Task After_a_concurrency_failure_in_a_transaction_the_next_save_writes_the_message()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync();

        await service.UseAsync(async db =>
        {
            var effect = new Effect { Number = 1 };
            db.Effects.Add(effect);
            await db.SaveChangesAsync();
            await using var transaction = await db.Database.BeginTransactionAsync();
            await db.Database.ExecuteSqlAsync($"""DELETE FROM "Effects" """);
            effect.Number = 2;
            db.AddMessage(new Elsewhere(1));
            await Should.ThrowAsync<DbUpdateConcurrencyException>(() => db.SaveChangesAsync());
            db.Database.AutoTransactionBehavior.ShouldBe(AutoTransactionBehavior.WhenNeeded);

            db.Entry(effect).State = EntityState.Added;
            effect.Id = 0;
            await db.SaveChangesAsync();
            await transaction.CommitAsync();
        });

        (await world.EffectsAsync()).ShouldBe([2]);
        (await world.CountAsync("outbox")).ShouldBe(1);
    }

    [Fact]
    public async Task A_message_added_after_the_last_save_of_a_transaction_is_written_by_the_next_save()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync();

        await service.UseAsync(async db =>
        {
            await using (var transaction = await db.Database.BeginTransactionAsync())
            {
                db.AddMessage(new Elsewhere(1));
                await db.SaveChangesAsync();
                db.AddMessage(new Elsewhere(2));
                await transaction.CommitAsync();
            }

            (await world.CountAsync("outbox")).ShouldBe(1);
            await db.SaveChangesAsync();
        });

        (await world.CountAsync("outbox")).ShouldBe(2);
    }

    [Fact]
    public async Task What_was_saved_and_rolled_back_is_not_saved_again_like_its_entities()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync();

        await service.UseAsync(async db =>
        {
            db.Effects.Add(new Effect { Number = 1 });
            db.AddMessage(new Elsewhere(1));
            await using (var transaction = await db.Database.BeginTransactionAsync())
            {
                await db.SaveChangesAsync();
                await transaction.RollbackAsync();
            }

            db.Effects.Add(new Effect { Number = 2 });
            await db.SaveChangesAsync();
        });

        (await world.EffectsAsync()).ShouldBe([2]);
        (await world.CountAsync("outbox")).ShouldBe(0);
    }

    [Fact]
    public async Task A_save_that_does_not_accept_its_changes_is_repeated_with_its_message()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync();

        await service.UseAsync(async db =>
        {
            db.Effects.Add(new Effect { Number = 1 });
            db.AddMessage(new Elsewhere(1));
            await using (var lost = await db.Database.BeginTransactionAsync())
            {
                await db.SaveChangesAsync(acceptAllChangesOnSuccess: false);
            }

            await using var transaction = await db.Database.BeginTransactionAsync();
            await db.SaveChangesAsync(acceptAllChangesOnSuccess: false);
            await transaction.CommitAsync();
            db.ChangeTracker.AcceptAllChanges();
        });

        (await world.EffectsAsync()).ShouldBe([1]);
        (await world.CountAsync("outbox")).ShouldBe(1);
    }

    [Fact]
    public async Task Clearing_the_change_tracker_clears_messages_that_are_not_saved()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync();

        await service.UseAsync(async db =>
        {
            db.AddMessage(new Elsewhere(1));
            db.ChangeTracker.Clear();
            db.Effects.Add(new Effect { Number = 2 });
            await db.SaveChangesAsync();
        });

        (await world.CountAsync("outbox")).ShouldBe(0);
    }

    [Fact]
    public async Task A_message_added_by_an_interceptor_while_saving_shares_the_fate_of_the_save()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup => setup.Services = services =>
            services.ConfigureDbContext<TestDb>(options => options.AddInterceptors(new AddsAMessage())));

        await service.UseAsync(async db =>
        {
            var effect = new Effect { Number = 1 };
            db.Effects.Add(effect);
            await db.SaveChangesAsync();
            (await world.CountAsync("outbox")).ShouldBe(1);
            await world.Database.ExecuteAsync("""DELETE FROM "Effects" """);

            effect.Number = 2;
            await Should.ThrowAsync<DbUpdateConcurrencyException>(() => db.SaveChangesAsync());
        });

        (await world.CountAsync("outbox")).ShouldBe(1);
    }

    private sealed class AddsAMessage : SaveChangesInterceptor
    {
        public override ValueTask<InterceptionResult<int>> SavingChangesAsync(DbContextEventData eventData, InterceptionResult<int> result, CancellationToken cancellationToken = default)
        {
            eventData.Context!.AddMessage(new Elsewhere(1));
            return base.SavingChangesAsync(eventData, result, cancellationToken);
        }
    }

    [Fact]
    public async Task A_transaction_scope_sends_after_it_completes_and_nothing_when_it_does_not()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup => setup.HandleNumbered());

        using (var scope = new TransactionScope(TransactionScopeAsyncFlowOption.Enabled))
        {
            await service.UseAsync(async db =>
            {
                db.AddMessage(new Numbered(1));
                using (new TransactionScope(TransactionScopeOption.Suppress, TransactionScopeAsyncFlowOption.Enabled))
                {
                    await db.Effects.CountAsync();
                }

                await db.SaveChangesAsync();
            });
            scope.Complete();
        }

        using (new TransactionScope(TransactionScopeAsyncFlowOption.Enabled))
        {
            await service.UseAsync(async db =>
            {
                db.AddMessage(new Numbered(2));
                await db.SaveChangesAsync();
            });
        }

        await Eventually.EqualAsync([1], world.EffectsAsync, "effects", TimeSpan.FromSeconds(10));
        (await world.CountAsync("outbox")).ShouldBe(0);
    }

    [Fact]
    public async Task A_transaction_committed_by_its_owner_sends_its_message_once()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup => setup.HandleNumbered());

        await service.UseAsync(async db =>
        {
            await db.Database.OpenConnectionAsync();
            await using (var transaction = await ((NpgsqlConnection)db.Database.GetDbConnection()).BeginTransactionAsync())
            {
                await db.Database.UseTransactionAsync(transaction);
                db.Effects.Add(new Effect { Number = 100 });
                db.AddMessage(new Numbered(1));
                await db.SaveChangesAsync();
                await transaction.CommitAsync();
                await db.Database.UseTransactionAsync(null);
            }

            db.AddMessage(new Numbered(2));
            await db.SaveChangesAsync();
        });

        await Eventually.EqualAsync([1, 2, 100], world.EffectsAsync, "effects", TimeSpan.FromSeconds(10));
        (await world.CountAsync("outbox_history")).ShouldBe(2);
    }
}

using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Storage;
using ReliableMq.Integration.Support;
using ReliableMq.TestSupport;
using Xunit;

namespace ReliableMq.Integration;

public class Tables_in_EF_migrations
{
    [Fact]
    public async Task A_migration_creates_exactly_what_the_script_creates()
    {
        await using var database = await TestDatabase.CreateAsync();
        await database.ExecuteAsync(ReliableMqSchema.Script("by_script"));
        await using (var db = new MigratedDb(Options(database), "by_ef"))
        {
            await db.GetService<IRelationalDatabaseCreator>().CreateTablesAsync();
        }

        var byEf = await Catalog.ReadAsync(database, "by_ef");

        byEf.ShouldBe(await Catalog.ReadAsync(database, "by_script"));
        byEf.Count.ShouldBeGreaterThan(80);
    }

    [Fact]
    public async Task A_service_runs_on_tables_that_a_migration_created()
    {
        await using var world = await World.CreateAsync();
        await using (var db = new MigratedDb(Options(world.Database), "reliable_mq"))
        {
            await db.GetService<IRelationalDatabaseCreator>().CreateTablesAsync();
        }

        await using var service = await world.StartAsync(setup =>
        {
            setup.Settings["Database:CreateSchema"] = "false";
            setup.HandleNumbered(retry: "", before: (message, _) => message.Number < 0 ? throw new InvalidOperationException("negative") : Task.CompletedTask);
        });
        await service.SaveAsync(new Numbered(1), new Numbered(-1));

        await Eventually.EqualAsync([1], world.EffectsAsync, "effects");
        await Eventually.EqualAsync(1, () => world.CountAsync("dead_letter"), "dead letters");
    }

    [Fact]
    public async Task The_tables_touch_nothing_of_the_users_model()
    {
        await using var world = await World.CreateAsync();
        await using var db = new MigratedDb(Options(world.Database), "reliable_mq");

        var effect = db.Model.FindEntityType(typeof(Effect)).ShouldNotBeNull();
        effect.GetReferencingForeignKeys().ShouldBeEmpty();
        effect.GetNavigations().ShouldBeEmpty();
        db.Model.GetEntityTypes().Where(type => !type.HasSharedClrType).ShouldHaveSingleItem().ShouldBe(effect);
        db.Model.GetEntityTypes().Where(type => type.HasSharedClrType).SelectMany(type => type.GetNavigations()).ShouldBeEmpty();

        // Their rows never reach the change tracker: nothing is seen, detected or saved.
        await db.GetService<IRelationalDatabaseCreator>().CreateTablesAsync();
        db.Effects.Add(new Effect { Number = 1 });
        (await db.SaveChangesAsync()).ShouldBe(1);
        db.ChangeTracker.Entries().ShouldHaveSingleItem().Entity.ShouldBeOfType<Effect>();
    }

    private static DbContextOptions Options(TestDatabase database) =>
        new DbContextOptionsBuilder().UseNpgsql(database.ConnectionString).ReplaceService<IModelCacheKeyFactory, SchemaCacheKey>().Options;

    private sealed class MigratedDb(DbContextOptions options, string schema) : DbContext(options)
    {
        public string Schema => schema;

        public DbSet<Effect> Effects => Set<Effect>();

        protected override void OnModelCreating(ModelBuilder modelBuilder)
        {
            modelBuilder.Entity<Effect>().ToTable("Effects", table => table.ExcludeFromMigrations());
            modelBuilder.AddReliableMq(schema);
        }
    }

    /// <summary>EF keeps one model a context type; here each schema has its own.</summary>
    private sealed class SchemaCacheKey : IModelCacheKeyFactory
    {
        public object Create(DbContext context, bool designTime) => (context.GetType(), ((MigratedDb)context).Schema, designTime);
    }
}

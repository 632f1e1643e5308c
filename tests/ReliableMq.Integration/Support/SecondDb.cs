using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace ReliableMq.Integration.Support;

/// <summary>Another context of a service, over the same business tables.</summary>
public sealed class SecondDb(DbContextOptions<SecondDb> options) : DbContext(options)
{
    public DbSet<Effect> Effects => Set<Effect>();
}

internal static class SecondContext
{
    /// <summary>Adds it to a service, by default with the schema of the first.</summary>
    public static void AddSecond(this TestServiceSetup setup, string? schema = null, string? connectionString = null) =>
        setup.Services += services =>
        {
            services.AddDbContext<SecondDb>(options => options.UseNpgsql(connectionString ?? setup.ConnectionString));
            services.AddReliableMq().AddOutbox<SecondDb>(schema);
        };

    public static async Task SaveSecondAsync(this TestService service, params object[] messages)
    {
        await using var scope = service.Host.Services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<SecondDb>();
        foreach (var message in messages)
        {
            db.AddMessage(message);
        }

        await db.SaveChangesAsync();
    }
}

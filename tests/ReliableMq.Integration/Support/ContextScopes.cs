using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace ReliableMq.Integration.Support;

internal static class ContextScopes
{
    /// <summary>Scopes that give plain contexts of this world, for a part of the library without its host.</summary>
    public static IServiceScopeFactory For(World world) => new ServiceCollection()
        .AddDbContext<TestDb>(options => options.UseNpgsql(world.Database.ConnectionString))
        .BuildServiceProvider()
        .GetRequiredService<IServiceScopeFactory>();
}

using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using ReliableMq.Storage;

namespace ReliableMq.Tests.Storage;

public sealed class ServiceDatabaseTests
{
    private const string Remedy = "Register it with AddDbContext, AddDbContextPool or AddDbContextFactory and UseNpgsql.";

    [Fact]
    public async Task A_context_that_nobody_registered_is_told_with_the_remedy() =>
        (await OpenAsync(_ => { })).ShouldBe($"The context \"OrdersDb\" cannot be made: No service for type 'ReliableMq.Tests.OrdersDb' has been registered. {Remedy}");

    [Fact]
    public async Task A_context_without_a_database_is_told_with_the_remedy()
    {
        var message = await OpenAsync(services => services.AddDbContext<OrdersDb>());

        message.ShouldStartWith("The context \"OrdersDb\" cannot be made: No database provider has been configured for this DbContext.");
        message.ShouldEndWith(Remedy);
    }

    private static async Task<string> OpenAsync(Action<IServiceCollection> register)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new() { ApplicationName = "orders" });
        builder.Services.AddReliableMq(options => options.Broker.Hosts = "never.connected.invalid").AddOutbox<OrdersDb>();
        register(builder.Services);
        using var host = builder.Build();
        var database = host.Services.GetRequiredService<ServiceDatabases>().For(typeof(OrdersDb));
        return (await Should.ThrowAsync<ReliableMqException>(async () => await database.OpenAsync(CancellationToken.None))).Message;
    }
}

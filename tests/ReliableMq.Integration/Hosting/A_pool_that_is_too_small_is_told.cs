using Npgsql;
using ReliableMq.Integration.Support;
using Xunit;

namespace ReliableMq.Integration.Hosting;

public class A_pool_that_is_too_small_is_told
{
    [Theory]
    [InlineData(18, true)]
    [InlineData(19, false)]
    public async Task A_pool_with_fewer_connections_than_handlers_and_dispatcher_may_use_is_warned_of(int most, bool warns)
    {
        await using var world = await World.CreateAsync();

        await using var service = await world.StartAsync(setup =>
        {
            setup.ConnectionString = new NpgsqlConnectionStringBuilder(setup.ConnectionString) { MaxPoolSize = most }.ConnectionString;
            setup.HandleNumbered("tests.first", concurrency: 8);
            setup.HandleNumbered("tests.second", concurrency: 5);
        });

        service.Logs.Entries.Where(entry => entry.EventId.Id == 8010).Select(entry => entry.Message).ShouldBe(warns
            ? ["The connection pool of \"TestDb\" has at most 18 connections, but handlers and dispatcher may use 19 at once, beside the application itself. Raise \"Maximum Pool Size\" in its connection string, or lower the concurrency of its queues."]
            : []);
    }

    [Fact]
    public async Task A_service_that_only_sends_needs_few_and_one_without_a_pool_is_not_warned()
    {
        await using var world = await World.CreateAsync();

        await using var sender = await world.StartAsync(setup => setup.ConnectionString = new NpgsqlConnectionStringBuilder(setup.ConnectionString) { MaxPoolSize = 4 }.ConnectionString);
        await using var unpooled = await world.StartAsync(setup =>
        {
            setup.ConnectionString = new NpgsqlConnectionStringBuilder(setup.ConnectionString) { MaxPoolSize = 2, Pooling = false }.ConnectionString;
            setup.HandleNumbered();
        });

        sender.Logs.Entries.Concat(unpooled.Logs.Entries).Where(entry => entry.EventId.Id == 8010).ShouldBeEmpty();
    }
}

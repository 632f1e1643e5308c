using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using ReliableMq.Integration.Support;
using ReliableMq.TestSupport;
using Xunit;

namespace ReliableMq.Integration.Hosting;

public class A_log_that_throws
{
    /// <summary>With every kind of thing to tell: a start, a destination that is not there, a failed attempt, a lost connection, a dead letter.</summary>
    [Fact]
    public async Task Stops_nothing()
    {
        await using var world = await World.CreateAsync();
        await using var proxy = await TcpProxy.StartAsync(world.Broker.HostName, world.Broker.Port);
        await using var service = await world.StartAsync(setup =>
        {
            setup.Through(proxy);
            setup.Services = services => services.AddSingleton<ILoggerProvider, ThrowingProvider>();
            setup.HandleNumbered(before: (message, context) => message.Number == 3 || (message.Number == 2 && context.Attempt == 1)
                ? throw new InvalidOperationException("not yet")
                : Task.CompletedTask);
        });
        await service.ConsumingAsync();

        await service.SaveAsync(new Elsewhere(1));
        await service.SaveAsync(new Numbered(1), new Numbered(2), new Numbered(3));
        await Eventually.EqualAsync([1, 2], world.EffectsAsync, "effects");
        await Eventually.EqualAsync(1, () => world.CountAsync("dead_letter"), "dead letters");
        proxy.ResetAll();
        await service.SaveAsync(new Numbered(4));

        await Eventually.EqualAsync([1, 2, 4], world.EffectsAsync, "effects after the connection was lost");
        (await world.OutboxAsync()).ShouldHaveSingleItem().Name.ShouldBe("elsewhere.other.v1", "it has no way");
        await world.ShouldHaveSettledAllAsync(service, "tests.numbers");
    }

    private sealed class ThrowingProvider : ILoggerProvider, ILogger
    {
        public ILogger CreateLogger(string categoryName) => categoryName.StartsWith("ReliableMq.", StringComparison.Ordinal) ? this : Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => state is IReadOnlyCollection<KeyValuePair<string, object?>> ? new ThrowingScope() : throw new IOException("The disk of the log is full.");

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            throw new IOException("The disk of the log is full.");

        public void Dispose()
        {
        }
    }

    private sealed class ThrowingScope : IDisposable
    {
        public void Dispose() => throw new IOException("The disk of the log is full.");
    }
}

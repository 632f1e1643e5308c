using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using ReliableMq.TestSupport;
using Xunit;

namespace ReliableMq.Integration.Support;

/// <summary>A whole service with its host, as a user would write it.</summary>
internal sealed class TestService : IAsyncDisposable
{
    private bool _running;

    public TestService(TestServiceSetup setup)
    {
        var builder = Microsoft.Extensions.Hosting.Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { ApplicationName = "tests" });
        builder.Configuration.AddInMemoryCollection(setup.Settings.Select(setting => KeyValuePair.Create($"ReliableMq:{setting.Key}", setting.Value)));
        builder.Logging.AddProvider(Logs).SetMinimumLevel(LogLevel.Debug).AddFilter("Microsoft", LogLevel.Warning).AddFilter("Quartz", LogLevel.Warning);
        void Options(DbContextOptionsBuilder options) => options.UseNpgsql(setup.ConnectionString, setup.Npgsql);
        if (setup.Register is { } register)
        {
            register(builder.Services, Options);
        }
        else if (setup.Contexts)
        {
            _ = setup.Pooled ? builder.Services.AddDbContextPool<TestDb>(Options) : builder.Services.AddDbContext<TestDb>(Options);
        }

        var reliableMq = builder.Services.AddReliableMq(builder.Configuration.GetSection("ReliableMq"));
        if (setup.Contexts)
        {
            reliableMq.AddOutbox<TestDb>();
        }

        if (setup.Handlers.Exists(handler => handler.Inbox != typeof(NoInbox)))
        {
            reliableMq.AddInbox<TestDb>();
        }

        foreach (var handler in setup.Handlers)
        {
            reliableMq.AddHandler(handler);
        }

        setup.Services?.Invoke(builder.Services);
        Host = builder.Build();
    }

    public IHost Host { get; }

    /// <summary>A test that fails shows them.</summary>
    public CapturingLoggerProvider Logs { get; } = new(TestContext.Current.TestOutputHelper is { } output ? output.WriteLine : null);

    /// <summary>Saves messages as a user does: with a business row, in one SaveChanges.</summary>
    public async Task SaveAsync(params object[] messages)
    {
        await using var scope = Host.Services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<TestDb>();
        foreach (var message in messages)
        {
            db.AddMessage(message);
        }

        await db.SaveChangesAsync();
    }

    public async Task UseAsync(Func<TestDb, Task> use)
    {
        await using var scope = Host.Services.CreateAsyncScope();
        await use(scope.ServiceProvider.GetRequiredService<TestDb>());
    }

    public async Task<HealthReport> HealthAsync() =>
        await Host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync();

    /// <summary>Returns when its queues are declared and bound: what is sent then is not returned.</summary>
    public Task ConsumingAsync() => Eventually.TrueAsync(
        async () => (await HealthAsync()).Entries["reliable-mq-consumers"].Status == HealthStatus.Healthy, "the service consumes");

    public IDeadLetters DeadLetters => Host.Services.GetRequiredService<IDeadLetters>();

    public async Task StartAsync()
    {
        await Host.StartAsync();
        _running = true;
    }

    public async Task StopAsync()
    {
        if (_running)
        {
            _running = false;
            await Host.StopAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        if (Host is IAsyncDisposable disposable)
        {
            await disposable.DisposeAsync();
        }
    }
}

using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.ChangeTracking.Internal;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using ReliableMq.Storage;

// EF has no public notice of ChangeTracker.Clear; see ClearingChangeTrackerFactory.
#pragma warning disable EF1001

namespace ReliableMq.Outbox;

/// <summary>
/// Connects a DbContext with its outbox. EF's internal services get the staged messages (one set a context);
/// what belongs to the host travels in the options, so that two hosts share no state.
/// </summary>
internal sealed class OutboxOptionsExtension(ServiceDatabase database, MessageFactory factory, ILogger logger) : IDbContextOptionsExtension
{
    private DbContextOptionsExtensionInfo? _info;

    public ServiceDatabase Database { get; } = database;

    public MessageFactory Factory { get; } = factory;

    public ILogger Logger { get; } = logger;

    public DbContextOptionsExtensionInfo Info => _info ??= new ExtensionInfo(this);

    public void HandOver(IReadOnlyList<OutboxMessage> messages, bool mayBeOpen = false) => Database.HandOver(messages, mayBeOpen);

    public void ApplyServices(IServiceCollection services)
    {
        services.AddScoped<StagedMessages>();
        services.AddScoped<IChangeTrackerFactory, ClearingChangeTrackerFactory>();
        services.AddScoped<IResettableService>(provider => provider.GetRequiredService<StagedMessages>());
    }

    public void Validate(IDbContextOptions options)
    {
    }

    public static StagedMessages? Find(DbContext context) =>
        (StagedMessages?)((IInfrastructure<IServiceProvider>)context).Instance.GetService(typeof(StagedMessages));

    private sealed class ExtensionInfo(IDbContextOptionsExtension extension) : DbContextOptionsExtensionInfo(extension)
    {
        public override bool IsDatabaseProvider => false;

        public override string LogFragment => "using ReliableMq outbox ";

        // The services are the same for every host; only what they read from the options differs.
        public override int GetServiceProviderHashCode() => 0;

        public override bool ShouldUseSameServiceProvider(DbContextOptionsExtensionInfo other) => other is ExtensionInfo;

        public override void PopulateDebugInfo(IDictionary<string, string> debugInfo) => debugInfo["ReliableMq:Outbox"] = "1";
    }
}

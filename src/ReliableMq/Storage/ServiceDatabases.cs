using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace ReliableMq.Storage;

/// <summary>The databases of this host, one a registered context; at most one of them is the inbox.</summary>
internal sealed class ServiceDatabases
{
    private readonly Dictionary<Type, ServiceDatabase> _byContext;

    public ServiceDatabases(IEnumerable<DatabaseRegistration> registrations, IOptions<ReliableMqOptions> options, IServiceScopeFactory scopes)
    {
        var node = Node.Create();
        var registered = registrations.ToList();
        _byContext = registered.Select(registration => registration.ContextType).Distinct()
            .ToDictionary(type => type, type => new ServiceDatabase(type, options.Value, node, scopes));
        Inbox = registered.Find(registration => registration.IsInbox) is { } inbox ? _byContext[inbox.ContextType] : null;
    }

    public IReadOnlyCollection<ServiceDatabase> All => _byContext.Values;

    public ServiceDatabase? Inbox { get; }

    public ServiceDatabase For(Type contextType) => _byContext[contextType];
}

/// <summary>What <c>AddOutbox</c> and <c>AddInbox</c> said.</summary>
internal sealed record DatabaseRegistration(Type ContextType, bool IsInbox);

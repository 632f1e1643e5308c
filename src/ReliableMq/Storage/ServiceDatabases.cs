using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Npgsql;

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

    /// <summary>The database that a foreign connection leads to, if its outbox is sent from here; and all that are.</summary>
    public async ValueTask<(ServiceDatabase? Found, List<DatabaseAddress> Served)> FindAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var address = DatabaseAddress.Of(connection);
        var served = new List<DatabaseAddress>();
        foreach (var database in All)
        {
            var known = await database.GetAddressAsync(cancellationToken);
            if (known == address)
            {
                return (database, served);
            }

            served.Add(known);
        }

        return (null, served);
    }
}

/// <summary>What <c>AddOutbox</c> and <c>AddInbox</c> said.</summary>
internal sealed record DatabaseRegistration(Type ContextType, bool IsInbox);

using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Npgsql;

namespace ReliableMq.Storage;

/// <summary>The databases of this host, one a registered context; at most one of them is the inbox.</summary>
internal sealed class ServiceDatabases
{
    private readonly Dictionary<Type, ServiceDatabase> _byContext;
    private readonly Lock _joining = new();

    public ServiceDatabases(IEnumerable<DatabaseRegistration> registrations, IOptions<ReliableMqOptions> options, IServiceScopeFactory scopes)
    {
        var registered = registrations.ToList();
        // Each owns leases of its own: whatever cannot be told apart from here is then as safe as two processes.
        _byContext = registered.GroupBy(registration => registration.ContextType).ToDictionary(
            context => context.Key,
            context => new ServiceDatabase(context.Key, options.Value, Node.Create(), scopes, context.Select(registration => registration.Schema).FirstOrDefault(schema => schema is not null)));
        Inbox = registered.Find(registration => registration.IsInbox) is { } inbox ? _byContext[inbox.ContextType] : null;
    }

    public IReadOnlyCollection<ServiceDatabase> All => _byContext.Values;

    /// <summary>One for each set of tables.</summary>
    public IEnumerable<ServiceDatabase> Senders => All.Where(database => database.Sender == database);

    /// <summary>Those of them that are ready.</summary>
    public IEnumerable<ServiceDatabase> Ready => Senders.Where(database => database.Ready.IsCompletedSuccessfully);

    public ServiceDatabase? Inbox { get; }

    public ServiceDatabase For(Type contextType) => _byContext[contextType];

    public ServiceDatabase? Find(Type contextType) => _byContext.GetValueOrDefault(contextType);

    /// <summary>A database was reached and has the right schema: it gets a dispatcher, or shares one over the same tables.</summary>
    public async ValueTask SetReadyAsync(ServiceDatabase database, CancellationToken cancellationToken)
    {
        var address = await database.GetAddressAsync(cancellationToken);
        lock (_joining)
        {
            database.Sender = Ready.FirstOrDefault(other => other.Schema == database.Schema && other.Address == address) ?? database;
            database.SetReady();
        }
    }

    /// <summary>The databases that a foreign connection may mean; several when they differ in their schema only.</summary>
    public async ValueTask<List<ServiceDatabase>> FindAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var found = await FindAsync(connection, refresh: false, cancellationToken);
        return found.Count > 0 ? found : await FindAsync(connection, refresh: true, cancellationToken);
    }

    private async ValueTask<List<ServiceDatabase>> FindAsync(NpgsqlConnection connection, bool refresh, CancellationToken cancellationToken)
    {
        var address = DatabaseAddress.Of(connection);
        var found = new List<ServiceDatabase>();
        Exception? unreachable = null;
        foreach (var database in All)
        {
            try
            {
                if (refresh)
                {
                    await database.RefreshAddressAsync(cancellationToken);
                }

                if (await database.GetAddressAsync(cancellationToken) == address)
                {
                    found.Add(database);
                }
            }
            catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
            {
                // One database that is away does not keep messages out of another.
                unreachable = exception;
            }
        }

        return found.Count > 0 || unreachable is null ? found : throw unreachable;
    }
}

/// <summary>What <c>AddOutbox</c> and <c>AddInbox</c> said.</summary>
/// <param name="ContextType">The context.</param>
/// <param name="IsInbox">Whether handlers run in its transactions.</param>
/// <param name="Schema">Null means <see cref="DatabaseOptions.Schema"/>.</param>
internal sealed record DatabaseRegistration(Type ContextType, bool IsInbox, string? Schema);

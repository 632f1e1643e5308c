using System.Runtime.ExceptionServices;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Npgsql;
using ReliableMq.Receiving;

namespace ReliableMq.Storage;

/// <summary>The databases of this host, one a registered context or data source.</summary>
internal sealed class ServiceDatabases
{
    private readonly Dictionary<Type, ServiceDatabase> _byKey;
    private readonly Lock _joining = new();

    public ServiceDatabases(IEnumerable<DatabaseRegistration> registrations, IOptions<ReliableMqOptions> options, IServiceScopeFactory scopes)
    {
        var registered = registrations.ToList();
        // Each owns leases of its own: whatever cannot be told apart from here is then as safe as two processes.
        _byKey = registered.GroupBy(registration => registration.Key).ToDictionary(
            same => same.Key,
            same => new ServiceDatabase(same.Key, options.Value, Node.Create(), scopes, same.Select(registration => registration.Schema).FirstOrDefault(schema => schema is not null), same.First().Source));
        Inboxes = [.. registered.Where(registration => registration.IsInbox).Select(registration => registration.Key).Distinct().Select(key => _byKey[key])];
    }

    /// <summary>One alone.</summary>
    public ServiceDatabases(ServiceDatabase only)
    {
        _byKey = new() { [only.Key] = only };
        Inboxes = [only];
    }

    public IReadOnlyCollection<ServiceDatabase> All => _byKey.Values;

    /// <summary>One for each set of tables.</summary>
    public IEnumerable<ServiceDatabase> Senders => All.Where(database => database.Sender == database);

    /// <summary>Those of them that are ready.</summary>
    public IEnumerable<ServiceDatabase> Ready => Senders.Where(database => database.Ready.IsCompletedSuccessfully);

    /// <summary>Looks after each that is ready. One that is away keeps nothing from the others.</summary>
    /// <exception cref="Exception">The first that went wrong, after all of them.</exception>
    public async Task ForEachReadyAsync(Func<ServiceDatabase, Task> lookAfter)
    {
        ExceptionDispatchInfo? first = null;
        foreach (var database in Ready)
        {
            try
            {
                await lookAfter(database);
            }
            catch (Exception exception)
            {
                first ??= ExceptionDispatchInfo.Capture(exception);
            }
        }

        first?.Throw();
    }

    /// <summary>Those in whose transactions handlers run.</summary>
    public IReadOnlyList<ServiceDatabase> Inboxes { get; }

    /// <summary>The inbox that a queue's handlers name, or the only one; null where they need none.</summary>
    public ServiceDatabase? InboxOf(QueueSettings queue) =>
        queue.Inbox == typeof(NoInbox) ? null : queue.Inbox is { } named ? _byKey[named] : Inboxes[0];

    public ServiceDatabase For(Type key) => _byKey[key];

    public ServiceDatabase? Find(Type key) => _byKey.GetValueOrDefault(key);

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
/// <param name="Key">The context; <see cref="NpgsqlDataSource"/> for a data source.</param>
/// <param name="IsInbox">Whether handlers run in its transactions.</param>
/// <param name="Schema">Null means <see cref="DatabaseOptions.Schema"/>.</param>
/// <param name="Source">Finds the data source; null for a context.</param>
internal sealed record DatabaseRegistration(Type Key, bool IsInbox, string? Schema, Func<IServiceProvider, NpgsqlDataSource>? Source = null);

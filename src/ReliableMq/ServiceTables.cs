using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using ReliableMq.DeadLettering;
using ReliableMq.Diagnostics;
using ReliableMq.Dispatching;
using ReliableMq.Failing;
using ReliableMq.Hosting;
using ReliableMq.Receiving;
using ReliableMq.Storage;

namespace ReliableMq;

/// <summary>
/// The ReliableMq tables of one schema, for tools: those of this process, or those of another service, which then does
/// what is written there.
/// </summary>
public sealed class ServiceTables
{
    private readonly ServiceDatabase _database;

    private ServiceTables(ServiceDatabase database, bool isOwn, DispatcherHost? dispatchers = null, ReplayHost? replays = null, ConsumerHost? consumers = null, bool withoutInbox = false)
    {
        _database = database;
        IsOwn = isOwn;
        var only = new ServiceDatabases(database);
        DeadLetters = new DeadLetters(only, replays);
        PendingMessages = new PendingMessages(only, dispatchers);
        ParkedMessages = new ParkedMessages(only, new QuietLogger<ParkedMessages>(NullLoggerFactory.Instance));
        Consumers = new Consumers(consumers, only, TimeProvider.System, withoutInbox);
    }

    /// <summary>The context or data source behind which they are.</summary>
    public string Name => _database.Name;

    /// <summary>The schema of the tables.</summary>
    public string Schema => _database.Schema;

    /// <summary>Whether they are of this process.</summary>
    public bool IsOwn { get; }

    /// <summary>What was given up.</summary>
    public IDeadLetters DeadLetters { get; }

    /// <summary>What waits to be sent.</summary>
    public IPendingMessages PendingMessages { get; }

    /// <summary>What waits behind a failing message.</summary>
    public IParkedMessages ParkedMessages { get; }

    /// <summary>
    /// The consumers whose inbox is here; only those of this process can be listed. Those without a database are with the
    /// first set of tables.
    /// </summary>
    public IConsumers Consumers { get; }

    /// <summary>Those of this process, one for each set of tables; none without <c>AddReliableMq</c>.</summary>
    /// <param name="services">The application's.</param>
    public static IReadOnlyList<ServiceTables> Of(IServiceProvider services)
    {
        ArgumentNullException.ThrowIfNull(services);
        return services.GetService<ServiceDatabases>() is not { } databases ? [] :
        [
            .. databases.Senders.Select((database, index) => new ServiceTables(
                database, isOwn: true, services.GetRequiredService<DispatcherHost>(), services.GetRequiredService<ReplayHost>(), services.GetRequiredService<ConsumerHost>(), withoutInbox: index == 0)),
        ];
    }

    /// <summary>Those of another service. Nothing is read yet.</summary>
    /// <param name="dataSource">Its database; it is not disposed.</param>
    /// <param name="schema">The schema of its tables.</param>
    /// <exception cref="ArgumentException">The schema's name is not valid.</exception>
    public static ServiceTables Open(NpgsqlDataSource dataSource, string schema)
    {
        ArgumentNullException.ThrowIfNull(dataSource);
        SchemaName.ThrowIfInvalid(schema, nameof(schema));
        // What is stored from here is nobody's: whichever process of that service looks next takes it.
        var options = new ReliableMqOptions { Outbox = { Lease = TimeSpan.Zero } };
        var scopes = new ServiceCollection().BuildServiceProvider().GetRequiredService<IServiceScopeFactory>();
        var database = new ServiceDatabase(typeof(NpgsqlDataSource), options, Node.Create(), scopes, schema, _ => dataSource);
        database.SetReady();
        return new ServiceTables(database, isOwn: false);
    }

    /// <summary>Lends a connection to the database, opened the way the service opens it.</summary>
    /// <param name="use">What to do with it.</param>
    /// <param name="cancellationToken">Ends the opening.</param>
    public async Task<T> UseAsync<T>(Func<NpgsqlConnection, Task<T>> use, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(use);
        await using var session = await _database.OpenAsync(cancellationToken);
        return await use(session.Connection);
    }
}

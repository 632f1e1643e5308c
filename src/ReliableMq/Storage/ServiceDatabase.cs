using System.Threading.Channels;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using ReliableMq.Alerting;
using ReliableMq.Outbox;

namespace ReliableMq.Storage;

/// <summary>
/// One database that takes part: the one behind a registered DbContext or data source, with the schema of its tables.
/// Everything that belongs to it hangs here, so that two contexts, and two hosts in one process, never see each
/// other's rows.
/// </summary>
internal sealed class ServiceDatabase
{
    private readonly IServiceScopeFactory _scopes;
    private readonly Func<IServiceProvider, NpgsqlDataSource>? _source;
    private readonly Node _node;
    private readonly Alerts _alerts;
    private DatabaseAddress? _configured;
    private volatile ServiceDatabase? _sender;
    private long _committed;
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <param name="key">The context's type; <see cref="NpgsqlDataSource"/> for a data source.</param>
    /// <param name="options">The service's options.</param>
    /// <param name="node">The owner of the leases.</param>
    /// <param name="scopes">Contexts are made in them.</param>
    /// <param name="schema">Null means the options' schema.</param>
    /// <param name="source">Finds the data source; null for a context.</param>
    public ServiceDatabase(
        Type key, ReliableMqOptions options, Node node, IServiceScopeFactory scopes, string? schema = null, Func<IServiceProvider, NpgsqlDataSource>? source = null)
    {
        _scopes = scopes;
        _source = source;
        Key = key;
        Options = options;
        _node = node;
        Schema = schema ?? options.Database.Schema;
        OutboxSql = new OutboxSql(Schema);
        AlertSql = new AlertSql(Schema);
        _alerts = new Alerts(AlertSql);
        // Full means that the rows wait for the next claim: the commit is never held up.
        HandedOver = Channel.CreateBounded<HandOver>(new BoundedChannelOptions(10_000)
        {
            SingleReader = true,
            FullMode = BoundedChannelFullMode.DropWrite,
        });
    }

    /// <summary>The context's type; <see cref="NpgsqlDataSource"/> for a data source.</summary>
    public Type Key { get; }

    /// <summary>As logs and errors call it.</summary>
    public string Name => Key.Name;

    /// <summary>Whether handlers have a context here.</summary>
    public bool HasContext => _source is null;

    public ReliableMqOptions Options { get; }

    /// <summary>The owner of the leases of what is stored here.</summary>
    public Node Node => Sender._node;

    /// <summary>
    /// Whose dispatcher sends what is stored here. Of several contexts over the same tables it is the first
    /// that was ready; two dispatchers would claim past one another and report the same rows twice.
    /// </summary>
    public ServiceDatabase Sender
    {
        get => _sender ?? this;
        set => _sender = value;
    }

    public OutboxSql OutboxSql { get; }

    public AlertSql AlertSql { get; }

    /// <summary>Where trouble with these rows is raised.</summary>
    public Alerts Alerts => Sender._alerts;

    public string Schema { get; }

    /// <summary>Where it is. Only an open connection knows: the first of several hosts may be away.</summary>
    public async ValueTask<DatabaseAddress> GetAddressAsync(CancellationToken cancellationToken)
    {
        if (Address is null)
        {
            await RefreshAddressAsync(cancellationToken);
        }

        return Address!;
    }

    /// <summary>Looks again: of several hosts another may have taken over.</summary>
    public async ValueTask RefreshAddressAsync(CancellationToken cancellationToken)
    {
        await using var session = await OpenAsync(cancellationToken);
        _configured = DatabaseAddress.Configured(session.Connection);
        PoolSize = Storage.PoolSize.Of(session.Connection);
        ConnectionTimeout = TimeSpan.FromSeconds(session.Connection.ConnectionTimeout);
        Address = DatabaseAddress.Of(session.Connection);
    }

    /// <summary>
    /// Refuses a connection to another database than the one that is sent from, where a message would stay for
    /// ever: that of a context whose connection was exchanged, or chosen by tenant. Of several hosts another may
    /// have taken over, so the connection string counts as well.
    /// </summary>
    public void RequireServed(NpgsqlConnection connection, OutboxMessage message)
    {
        if (Address is { } address && address != DatabaseAddress.Of(connection) && _configured != DatabaseAddress.Configured(connection))
        {
            throw new ReliableMqException(
                $"The message \"{message.Name}\" was added to a \"{Name}\" on the database \"{DatabaseAddress.Of(connection)}\", but its outbox is sent from \"{address}\". Give the context the connection that it is registered with, or register another context for that database with AddOutbox.");
        }
    }

    /// <summary>How long a free connection is waited for, as the connection string says; zero until it was reached, or for ever.</summary>
    public TimeSpan ConnectionTimeout { get; private set; }

    /// <summary>The most connections of its pool; null where there is none.</summary>
    public int? PoolSize { get; private set; }

    /// <summary>Null until it was reached.</summary>
    public DatabaseAddress? Address { get; private set; }

    /// <summary>The ids that this process has just committed.</summary>
    public Channel<HandOver> HandedOver { get; }

    /// <summary>How many messages were stored here by this process, without those that go back to their queue.</summary>
    public long Committed => Interlocked.Read(ref _committed);

    /// <summary>Tells the dispatcher of stored messages.</summary>
    /// <param name="messages">They have been written.</param>
    /// <param name="mayBeOpen">Nobody will tell whether their transaction has committed: it is looked for.</param>
    public void HandOver(IReadOnlyList<OutboxMessage> messages, bool mayBeOpen = false)
    {
        if (messages.Count > 0)
        {
            Interlocked.Add(ref _committed, messages.Count(message => message.Exchange.Length > 0));
            // What has a time may be due already, which only the database knows: it is looked for by its id, too.
            var ids = messages.Where(message => message.OrderingKey is null || message.IsScheduled).Select(message => message.Id).ToArray();
            // Of a key that has other messages it cannot be seen whether these are there, too.
            var ordered = messages.Where(message => mayBeOpen && message.OrderingKey is not null && !message.IsScheduled)
                .Select(message => new OrderedId(message.Id, message.OrderingKey!)).ToArray();
            var keys = messages.Where(message => message.OrderingKey is not null && (!mayBeOpen || message.IsScheduled)).Select(message => message.OrderingKey!).Distinct().ToArray();
            var hasScheduled = messages.Any(message => message.IsScheduled);
            // In pieces that are read one by one: a transaction may store any number.
            for (var at = 0; at == 0 || at < ids.Length || at < keys.Length || at < ordered.Length; at += Options.Outbox.BatchSize)
            {
                Sender.HandedOver.Writer.TryWrite(new HandOver(Piece(ids, at), Piece(keys, at), hasScheduled, mayBeOpen) { Ordered = Piece(ordered, at) });
            }

            T[] Piece<T>(T[] all, int at) => all.Length <= Options.Outbox.BatchSize && at == 0 ? all : [.. all.Skip(at).Take(Options.Outbox.BatchSize)];
        }
    }

    /// <summary>Tells the dispatcher of a row without an ordering key.</summary>
    public void HandOver(Guid id) => Sender.HandedOver.Writer.TryWrite(new HandOver([id], []));

    /// <summary>Tells the dispatcher that a scheduled row was stored, whose time it does not know yet.</summary>
    public void WakeForScheduled() => Sender.HandedOver.Writer.TryWrite(new HandOver([], [], HasScheduled: true));

    /// <summary>Tells the dispatcher of keys that may have messages.</summary>
    public void HandOverKeys(IReadOnlyList<string> keys) => Sender.HandedOver.Writer.TryWrite(new HandOver([], keys));

    /// <summary>Wakes the dispatcher; when the channel is full, it is awake.</summary>
    public void Wake() => Sender.HandedOver.Writer.TryWrite(new HandOver([], []));

    /// <summary>Completes when the database was reached and has the right schema.</summary>
    public Task Ready => _ready.Task;

    /// <summary>Why it is not ready.</summary>
    public string? LastError { get; set; }

    public void SetReady() => _ready.TrySetResult();

    /// <summary>
    /// Opens a connection the way the user's own context does, with whatever credentials, data source and
    /// interceptors it was given.
    /// </summary>
    public async ValueTask<DatabaseSession> OpenAsync(CancellationToken cancellationToken)
    {
        var scope = _scopes.CreateAsyncScope();
        try
        {
            if (_source is not null)
            {
                return new DatabaseSession(scope, null, await _source(scope.ServiceProvider).OpenConnectionAsync(cancellationToken));
            }

            var context = ContextOf(scope.ServiceProvider);
            await context.Database.OpenConnectionAsync(cancellationToken);
            return new DatabaseSession(scope, context, (NpgsqlConnection)context.Database.GetDbConnection());
        }
        catch
        {
            await scope.DisposeAsync();
            throw;
        }
    }

    /// <summary>The user's context of these services.</summary>
    public DbContext ContextOf(IServiceProvider services)
    {
        DbContext context;
        try
        {
            context = (DbContext)services.GetRequiredService(Key);
            _ = context.Database.GetDbConnection();
        }
        catch (InvalidOperationException exception)
        {
            throw new ReliableMqException(
                $"The context \"{Name}\" cannot be made: {exception.Message} Register it with AddDbContext, AddDbContextPool or AddDbContextFactory and UseNpgsql.", exception);
        }

        return context.Database.GetDbConnection() is NpgsqlConnection
            ? context
            : throw new ReliableMqException($"The context \"{Name}\" does not use PostgreSQL. ReliableMq keeps its tables in the service's PostgreSQL database: configure the context with UseNpgsql.");
    }
}

/// <summary>An open connection of the service's database, returned to its pool when disposed.</summary>
internal readonly struct DatabaseSession(AsyncServiceScope scope, DbContext? context, NpgsqlConnection connection) : IAsyncDisposable
{
    public NpgsqlConnection Connection => connection;

    public async ValueTask DisposeAsync()
    {
        if (context is null)
        {
            await connection.DisposeAsync();
        }
        else
        {
            await context.Database.CloseConnectionAsync();
        }

        await scope.DisposeAsync();
    }
}

/// <summary>Ids of rows whose transaction has committed, or may have: the dispatcher looks before it publishes.</summary>
/// <param name="Ids">What to look for.</param>
/// <param name="Keys">Ordering keys that have new messages.</param>
/// <param name="HasScheduled">Rows with a later due time were stored, too: their time is the database's to tell.</param>
/// <param name="MayBeOpen">Their transaction may commit later.</param>
internal readonly record struct HandOver(IReadOnlyList<Guid> Ids, IReadOnlyList<string> Keys, bool HasScheduled = false, bool MayBeOpen = false)
{
    /// <summary>What may be open and has its place in the order of a key.</summary>
    public IReadOnlyList<OrderedId> Ordered { get; init; } = [];
}

/// <summary>A row in the order of a key.</summary>
internal readonly record struct OrderedId(Guid Id, string OrderingKey);

/// <summary>Names a database, as far as a client can tell two apart.</summary>
internal sealed record DatabaseAddress(string Host, int Port, string Database)
{
    public static DatabaseAddress Of(NpgsqlConnection connection) =>
        new(connection.Host ?? "", connection.Port, connection.Database);

    /// <summary>What the connection string says: all its hosts.</summary>
    public static DatabaseAddress Configured(NpgsqlConnection connection)
    {
        var configured = new NpgsqlConnectionStringBuilder(connection.ConnectionString);
        return new(configured.Host ?? "", configured.Port, configured.Database ?? "");
    }

    public override string ToString() => $"{Host}:{Port}/{Database}";
}

/// <summary>This process, as the owner of leases.</summary>
internal sealed record Node(Guid Id, string Host)
{
    public static Node Create() => new(Guid.CreateVersion7(), Environment.MachineName);
}

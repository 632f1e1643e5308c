using System.Threading.Channels;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using ReliableMq.Outbox;

namespace ReliableMq.Storage;

/// <summary>
/// One database that takes part: the one behind a registered DbContext. Everything that belongs to it hangs
/// here, so that two contexts, and two hosts in one process, never see each other's rows.
/// </summary>
internal sealed class ServiceDatabase
{
    private readonly IServiceScopeFactory _scopes;
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public ServiceDatabase(Type contextType, ReliableMqOptions options, Node node, IServiceScopeFactory scopes)
    {
        _scopes = scopes;
        ContextType = contextType;
        Options = options;
        Node = node;
        OutboxSql = new OutboxSql(options.Database.Schema);
        // Full means that the rows wait for the next claim: the commit is never held up.
        HandedOver = Channel.CreateBounded<HandOver>(new BoundedChannelOptions(10_000)
        {
            SingleReader = true,
            FullMode = BoundedChannelFullMode.DropWrite,
        });
    }

    public Type ContextType { get; }

    public ReliableMqOptions Options { get; }

    public Node Node { get; }

    public OutboxSql OutboxSql { get; }

    public string Schema => Options.Database.Schema;

    /// <summary>The ids that this process has just committed.</summary>
    public Channel<HandOver> HandedOver { get; }

    /// <summary>Tells the dispatcher of messages whose transaction has committed, or may have.</summary>
    public void HandOver(IReadOnlyList<OutboxMessage> messages)
    {
        if (messages.Count > 0)
        {
            var ids = messages.Where(message => message.DueAt is null).Select(message => message.Id).ToArray();
            HandedOver.Writer.TryWrite(new HandOver(ids, HasScheduled: ids.Length < messages.Count));
        }
    }

    /// <summary>Tells the dispatcher that a scheduled row was stored, whose time it does not know yet.</summary>
    public void WakeForScheduled() => HandedOver.Writer.TryWrite(new HandOver([], HasScheduled: true));

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

    private DbContext ContextOf(IServiceProvider services)
    {
        DbContext context;
        try
        {
            context = (DbContext)services.GetRequiredService(ContextType);
            _ = context.Database.GetDbConnection();
        }
        catch (InvalidOperationException exception)
        {
            throw new ReliableMqException(
                $"The context \"{ContextType.Name}\" cannot be made: {exception.Message} Register it with AddDbContext, AddDbContextPool or AddDbContextFactory and UseNpgsql.", exception);
        }

        return context.Database.GetDbConnection() is NpgsqlConnection
            ? context
            : throw new ReliableMqException($"The context \"{ContextType.Name}\" does not use PostgreSQL. ReliableMq keeps its tables in the service's PostgreSQL database: configure the context with UseNpgsql.");
    }
}

/// <summary>An open connection of the service's database, returned to its pool when disposed.</summary>
internal readonly struct DatabaseSession(AsyncServiceScope scope, DbContext context, NpgsqlConnection connection) : IAsyncDisposable
{
    public NpgsqlConnection Connection => connection;

    public async ValueTask DisposeAsync()
    {
        await context.Database.CloseConnectionAsync();
        await scope.DisposeAsync();
    }
}

/// <summary>Ids of rows whose transaction has committed, or may have: the dispatcher looks before it publishes.</summary>
internal readonly record struct HandOver(IReadOnlyList<Guid> Ids, bool HasScheduled);

/// <summary>This process, as the owner of leases.</summary>
internal sealed record Node(Guid Id, string Host)
{
    public static Node Create() => new(Guid.CreateVersion7(), Environment.MachineName);
}

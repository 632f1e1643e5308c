using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Npgsql.EntityFrameworkCore.PostgreSQL.Infrastructure;
using ReliableMq.TestSupport;

namespace ReliableMq.Integration.Support;

/// <summary>What a test changes about its service before it starts.</summary>
internal sealed class TestServiceSetup(Addresses addresses)
{
    /// <summary>By key under <c>ReliableMq</c>.</summary>
    public Dictionary<string, string?> Settings { get; } = new()
    {
        ["Service"] = "tests",
        ["Broker:Hosts"] = addresses.BrokerHost,
        ["Broker:VirtualHost"] = addresses.VirtualHost,
        ["Broker:UserName"] = addresses.UserName,
        ["Broker:Password"] = addresses.Password,
        ["Database:CreateSchema"] = "true",
    };

    public List<HandlerDefinition> Handlers { get; } = [];

    public string ConnectionString { get; set; } = addresses.ConnectionString;

    /// <summary>Whether the service has a context at all.</summary>
    public bool Contexts { get; set; } = true;

    /// <summary>Whether the context is registered with <c>AddDbContextPool</c>.</summary>
    public bool Pooled { get; set; } = true;

    /// <summary>Registers the context in another way; <see cref="Pooled"/> is not looked at then.</summary>
    public Action<IServiceCollection, Action<DbContextOptionsBuilder>>? Register { get; set; }

    public Action<NpgsqlDbContextOptionsBuilder>? Npgsql { get; set; }

    public Action<IServiceCollection>? Services { get; set; }

    public void Through(TcpProxy proxy) => Settings["Broker:Hosts"] = $"{proxy.Host}:{proxy.Port.ToString(CultureInfo.InvariantCulture)}";

    /// <summary>Adds a handler the way generated code does.</summary>
    public void Handle<T>(string queue, Func<T, TestDb, MessageContext, Task> handle, string? retry = "100ms, 200ms", int concurrency = 0, int prefetch = 0, string? timeout = null, Type? inbox = null,
        BindingAttribute[]? bindings = null, OnExceptionAttribute[]? rules = null, OnExceptionAttribute[]? rulesOfClass = null)
        where T : class => Handlers.Add(new HandlerDefinition
        {
            Queue = queue,
            Inbox = inbox,
            MessageName = ((MessageAttribute)typeof(T).GetCustomAttributes(typeof(MessageAttribute), false)[0]).Name,
            MessageType = typeof(T),
            HandlerName = $"tests.{queue}.{typeof(T).Name}",
            Retry = retry,
            Concurrency = concurrency,
            Prefetch = prefetch,
            Timeout = timeout,
            Bindings = bindings ?? [],
            OnException = rules ?? [],
            OnExceptionOfClass = rulesOfClass ?? [],
            Invoke = (services, message, context) => new ValueTask(handle((T)message, services.GetRequiredService<TestDb>(), context)),
        });

    /// <summary>Adds a handler that needs no database the way generated code does.</summary>
    public void HandleWithoutInbox<T>(string queue, Func<T, MessageContext, Task> handle, string? retry = "100ms, 200ms", string? timeout = null, OnExceptionAttribute[]? rules = null)
        where T : class => Handlers.Add(new HandlerDefinition
        {
            Queue = queue,
            Inbox = typeof(NoInbox),
            MessageName = MessageNames.Of(typeof(T)),
            MessageType = typeof(T),
            HandlerName = $"tests.{queue}.{typeof(T).Name}",
            Retry = retry,
            Timeout = timeout,
            OnException = rules ?? [],
            Invoke = (_, message, context) => new ValueTask(handle((T)message, context)),
        });

    /// <summary>Adds a handler of batches the way generated code does.</summary>
    public void HandleMany<T>(string queue, Func<IReadOnlyList<T>, TestDb, IReadOnlyList<MessageContext>, Task> handle, int batchSize = 0, string? linger = null, int concurrency = 0, string? retry = "100ms, 200ms", Type? inbox = null)
        where T : class => Handlers.Add(new HandlerDefinition
        {
            Queue = queue,
            Inbox = inbox,
            MessageName = MessageNames.Of(typeof(T)),
            MessageType = typeof(T),
            HandlerName = $"tests.{queue}.{typeof(T).Name}",
            Retry = retry,
            Concurrency = concurrency,
            BatchSize = batchSize,
            Linger = linger,
            InvokeBatch = (services, messages, contexts) => new ValueTask(handle(Array.ConvertAll(messages, message => (T)message), services.GetRequiredService<TestDb>(), contexts)),
        });

    /// <summary>The usual handler: one effect a message.</summary>
    public void HandleNumbered(string queue = "tests.numbers", string? retry = "100ms, 200ms", int concurrency = 0, Func<Numbered, MessageContext, Task>? before = null) =>
        Handle<Numbered>(queue, async (message, db, context) =>
        {
            if (before is not null)
            {
                await before(message, context);
            }

            db.Effects.Add(new Effect { Number = message.Number, Note = context.MessageId });
        }, retry, concurrency);
}

/// <summary>Where the servers of a world are; another process gets it as JSON.</summary>
internal sealed record Addresses(string BrokerHost, string VirtualHost, string UserName, string Password, string ConnectionString);

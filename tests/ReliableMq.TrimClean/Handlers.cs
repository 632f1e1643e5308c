using System.Text.Json.Serialization;
using Microsoft.Extensions.DependencyInjection;

namespace ReliableMq.TrimClean;

[Message("trim.thing.v2", Aliases = ["trim.thing.v0"])]
public sealed record Thing(Guid Id, IReadOnlyList<Part> Parts);

public sealed record Part(string Name, decimal Price);

[Message("trim.thing.v1")]
public sealed record OldThing(Guid Id);

[JsonSerializable(typeof(Thing))]
[JsonSerializable(typeof(OldThing))]
internal sealed partial class ThingsJson : JsonSerializerContext;

public interface IClock;

/// <summary>Every way in which a handler is registered and called.</summary>
public sealed class Handlers(IClock clock)
{
    [MessageHandler("trim.void", Retry = "1s", Timeout = "10s", Concurrency = 2, Prefetch = 20, Inbox = typeof(NoInbox))]
    public void Void(Thing message) => GC.KeepAlive((clock, message));

    [MessageHandler("trim.task", Inbox = typeof(NoInbox)), Binding("trim", "trim.#")]
    public Task Task(Thing message, MessageContext context, CancellationToken token, IClock other, IServiceProvider services) => System.Threading.Tasks.Task.CompletedTask;

    [MessageHandler("trim.value-task", Inbox = typeof(NoInbox), Order = QueueOrder.ByKey)]
    public ValueTask ValueTask(Thing message, [FromKeyedServices("key")] IClock keyed, IClock? optional) => default;

    [MessageHandler("trim.static", Inbox = typeof(NoInbox))]
    public static void Static(Thing message)
    {
    }

    [MessageHandler("trim.batch", BatchSize = 10, Linger = "10ms", Inbox = typeof(NoInbox))]
    public Task Batch(IReadOnlyList<Thing> messages, IReadOnlyList<MessageContext> contexts) => System.Threading.Tasks.Task.CompletedTask;
}

public sealed class Filter(IClock clock) : IHandlingFilter
{
    public ValueTask HandleAsync(object message, MessageContext context, Func<ValueTask> next)
    {
        GC.KeepAlive(clock);
        return next();
    }
}

public sealed class Upcaster : IMessageUpcaster<OldThing, Thing>
{
    public Thing Upcast(OldThing message) => new(message.Id, []);
}

internal static class Service
{
    public static ReliableMqBuilder Add(IServiceCollection services) => services
        .AddReliableMq(options => options.Broker.Hosts = "localhost")
        .AddTrimCleanHandlers()
        .AddJsonContext(ThingsJson.Default)
        .AddHandlingFilter<Filter>()
        .AddUpcaster<OldThing, Thing, Upcaster>();
}

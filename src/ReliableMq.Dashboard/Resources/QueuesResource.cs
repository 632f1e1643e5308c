using Microsoft.Extensions.Logging;
using Npgsql;
using ReliableMq.Dashboard.Api;
using ReliableMq.Dashboard.Contract;
using ReliableMq.Dashboard.Security;
using ReliableMq.Dashboard.Services;
using ReliableMq.Timing;

namespace ReliableMq.Dashboard.Resources;

/// <summary>The queues that the services consume.</summary>
internal sealed class QueuesResource(KnownServices services, IServiceProvider provider, ILogger<QueuesResource> logger) : IResource
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    private static readonly Parameter<string> Queue = Parameter.Text("queue", "The queue.") with { IsRequired = true };

    public IEnumerable<ApiRoute> Routes =>
    [
        ApiRoute.Get("queues", "The queues of all services.", ApiJson.Default.QueuePage, [Filters.Service], ListAsync),
        ApiRoute.Get("queues/one", "One of them.", ApiJson.Default.QueueItem, [Filters.OneService, Queue], call => OneAsync(services.Get(call.Find(Filters.OneService)!), call.Find(Queue)!, call.Aborted)),
        ApiRoute.Post("queues/pause", "Takes no more messages of a queue.", ApiJson.Default.QueueRequest, ApiJson.Default.QueueItem,
            (call, request) => ChangeAsync(call, request.Service, request.Queue, "pause", (consumers, who) => consumers.PauseAsync(request.Queue, who, request.Lasting, call.Aborted))),
        ApiRoute.Post("queues/resume", "Goes on with a paused queue.", ApiJson.Default.QueueRequest, ApiJson.Default.QueueItem,
            (call, request) => ChangeAsync(call, request.Service, request.Queue, "resume", (consumers, who) => consumers.ResumeAsync(request.Queue, who, call.Aborted))),
        ApiRoute.Post("queues/change", "Changes how many messages are handled at once and fetched ahead.", ApiJson.Default.ConsumerChangeRequest, ApiJson.Default.QueueItem,
            (call, request) => ChangeAsync(call, request.Service, request.Queue, "change", (consumers, who) => consumers.ChangeAsync(request.Queue, who, request.Concurrency, request.Prefetch, request.Lasting, call.Aborted))),
        ApiRoute.Post("queues/reset", "Goes back to the configured concurrency and prefetch.", ApiJson.Default.QueueRequest, ApiJson.Default.QueueItem,
            (call, request) => ChangeAsync(call, request.Service, request.Queue, "reset", (consumers, who) => consumers.ResetAsync(request.Queue, who, call.Aborted))),
    ];

    private async Task<Page<QueueItem>> ListAsync(ApiCall call)
    {
        var answers = await Reading.AskAsync(services.Select(call.Find(Filters.Service)), async (service, connection, token) =>
        {
            var items = await new Statement().ReadAsync(connection, QueuesReads.All(service.Schema, "true"), reader => QueuesReads.Item(service, reader), token);
            return items.Concat(QueuesReads.OfProcess(service).Where(own => items.TrueForAll(item => item.Queue != own.Queue))).ToList();
        }, call.Aborted);
        return new Page<QueueItem>([.. await AskBrokerAsync(answers.All.SelectMany(answer => answer.Value), call.Aborted)], null, answers.Unreadable);
    }

    private async Task<QueueItem> OneAsync(KnownService service, string queue, CancellationToken cancellationToken)
    {
        var item = await FindAsync(service, queue, cancellationToken) ?? QueuesReads.OfProcess(service).FirstOrDefault(own => own.Queue == queue)
            ?? throw ApiException.NotFound($"The service \"{service.Name}\" has no queue \"{ApiException.Shown(queue)}\" that it has consumed.");
        return (await AskBrokerAsync([item], cancellationToken))[0];
    }

    private static Task<QueueItem?> FindAsync(KnownService service, string queue, CancellationToken cancellationToken) =>
        service.UseAsync(connection => FindAsync(service, connection, queue, cancellationToken), cancellationToken);

    private static async Task<QueueItem?> FindAsync(KnownService service, NpgsqlConnection connection, string queue, CancellationToken cancellationToken) =>
        (await new Statement().With("queue", queue).ReadAsync(connection, QueuesReads.All(service.Schema, "s.queue = @queue"), reader => QueuesReads.Item(service, reader), cancellationToken)).FirstOrDefault();

    private async Task<QueueItem> ChangeAsync(ApiCall call, string serviceName, string queue, string action, Func<IConsumers, string, Task> change)
    {
        var service = services.Get(serviceName);
        if (queue.Length == 0)
        {
            throw ApiException.Malformed("queue", "\"queue\" is empty. Give the name of a queue.");
        }

        var who = Caller.Of(call.Http);
        if (await FindAsync(service, queue, call.Aborted) is not null)
        {
            await change(service.Tables.Consumers, who);
        }
        else
        {
            await ChangeHereAsync(service, queue, action, who, change, call.Aborted);
        }

        return await OneAsync(service, queue, call.Aborted);
    }

    /// <summary>Its handlers have no database, where the change would stand with its audit: nothing is changed that cannot be written down.</summary>
    private static Task<int> ChangeHereAsync(KnownService service, string queue, string action, string who, Func<IConsumers, string, Task> change, CancellationToken cancellationToken) => service.UseAsync(async connection =>
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await Audit.WriteAsync(connection, service.Schema, who, action, queue, "In the process that serves the dashboard only.", cancellationToken);
        await change(service.Tables.Consumers, who);
        // A consumer that has only begun is known by now, and what was changed of it stands there with its audit.
        if (await FindAsync(service, connection, queue, cancellationToken) is null)
        {
            await transaction.CommitAsync(CancellationToken.None);
        }

        return 0;
    }, cancellationToken);

    /// <summary>Adds what the broker says, in the time there is.</summary>
    private async Task<IReadOnlyList<QueueItem>> AskBrokerAsync(IEnumerable<QueueItem> items, CancellationToken cancellationToken)
    {
        if (BrokerQueues.Of(provider) is not { } broker)
        {
            return [.. items];
        }

        var own = services.All.Where(service => service.IsOwn).Select(service => service.Name).ToHashSet(StringComparer.Ordinal);
        using var patience = new TimeLimit(Patience, TimeProvider.System, cancellationToken);
        return await Task.WhenAll(items.Select(async item =>
        {
            try
            {
                return await broker.FindAsync(item.Queue, patience.Token).WaitAsync(patience.Token) is { } queue ? QueuesReads.With(item, queue, own.Contains(item.Service)) : item;
            }
            catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
            {
                logger.LogDebug("The broker did not tell of the queue {Queue}: {Error}", item.Queue, exception.Message);
                return item;
            }
        }));
    }
}

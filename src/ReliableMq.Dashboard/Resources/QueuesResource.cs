using ReliableMq.Dashboard.Api;
using ReliableMq.Dashboard.Contract;
using ReliableMq.Dashboard.Security;
using ReliableMq.Dashboard.Services;

namespace ReliableMq.Dashboard.Resources;

/// <summary>The queues that the services consume.</summary>
internal sealed class QueuesResource(KnownServices services) : IResource
{
    private static readonly Parameter<string> Queue = Parameter.Text("queue", "The queue.") with { IsRequired = true };

    public IEnumerable<ApiRoute> Routes =>
    [
        ApiRoute.Get("queues", "The queues of all services.", ApiJson.Default.QueuePage, [Filters.Service], ListAsync),
        ApiRoute.Get("queues/one", "One of them.", ApiJson.Default.QueueItem, [Filters.OneService, Queue], call => OneAsync(services.Get(call.Find(Filters.OneService)!), call.Find(Queue)!, call.Aborted)),
        ApiRoute.Post("queues/pause", "Takes no more messages of a queue.", ApiJson.Default.QueueRequest, ApiJson.Default.QueueItem,
            (call, request) => ChangeAsync(call, request.Service, request.Queue, (consumers, who) => consumers.PauseAsync(request.Queue, who, request.Lasting, call.Aborted))),
        ApiRoute.Post("queues/resume", "Goes on with a paused queue.", ApiJson.Default.QueueRequest, ApiJson.Default.QueueItem,
            (call, request) => ChangeAsync(call, request.Service, request.Queue, (consumers, who) => consumers.ResumeAsync(request.Queue, who, request.Lasting, call.Aborted))),
        ApiRoute.Post("queues/change", "Changes how many messages are handled at once and fetched ahead.", ApiJson.Default.ConsumerChangeRequest, ApiJson.Default.QueueItem,
            (call, request) => ChangeAsync(call, request.Service, request.Queue, (consumers, who) => consumers.ChangeAsync(request.Queue, who, request.Concurrency, request.Prefetch, request.Lasting, call.Aborted))),
        ApiRoute.Post("queues/reset", "Goes back to the configured concurrency and prefetch.", ApiJson.Default.QueueRequest, ApiJson.Default.QueueItem,
            (call, request) => ChangeAsync(call, request.Service, request.Queue, (consumers, who) => consumers.ResetAsync(request.Queue, who, request.Lasting, call.Aborted))),
    ];

    private async Task<Page<QueueItem>> ListAsync(ApiCall call)
    {
        var answers = await Reading.AskAsync(services.Select(call.Find(Filters.Service)), (service, connection, token) =>
            new Statement().ReadAsync(connection, QueuesReads.All(service.Schema, "true"), reader => QueuesReads.Item(service, reader), token), call.Aborted);
        return new Page<QueueItem>([.. answers.All.SelectMany(answer => answer.Value)], null, answers.Unreadable);
    }

    private static Task<QueueItem> OneAsync(KnownService service, string queue, CancellationToken cancellationToken) => service.UseAsync(async connection =>
        (await new Statement().With("queue", queue).ReadAsync(connection, QueuesReads.All(service.Schema, "s.queue = @queue"), reader => QueuesReads.Item(service, reader), cancellationToken)) is [var item]
            ? item
            : throw ApiException.NotFound($"The service \"{service.Name}\" has no queue \"{ApiException.Shown(queue)}\" that it has consumed."), cancellationToken);

    private async Task<QueueItem> ChangeAsync(ApiCall call, string serviceName, string queue, Func<IConsumers, string, Task> change)
    {
        var service = services.Get(serviceName);
        if (queue.Length == 0)
        {
            throw ApiException.Malformed("queue", "\"queue\" is empty. Give the name of a queue.");
        }

        await change(service.Tables.Consumers, Caller.Of(call.Http));
        return await OneAsync(service, queue, call.Aborted);
    }
}

using ReliableMq.Dashboard.Api;

namespace ReliableMq.Dashboard.Resources;

/// <summary>The queues that the services consume.</summary>
internal sealed class QueuesResource : IResource
{
    private static readonly Parameter<string> Queue = Parameter.Text("queue", "The queue.") with { IsRequired = true };

    public IEnumerable<ApiRoute> Routes =>
    [
        ApiRoute.Get("queues", "The queues of all services.", ApiJson.Default.QueuePage, [Filters.Service], _ => throw ApiException.NotYet()),
        ApiRoute.Get("queues/one", "One of them.", ApiJson.Default.QueueItem, [Filters.OneService, Queue], _ => throw ApiException.NotYet()),
        ApiRoute.Post("queues/pause", "Takes no more messages of a queue.", ApiJson.Default.QueueRequest, ApiJson.Default.QueueItem, (_, _) => throw ApiException.NotYet()),
        ApiRoute.Post("queues/resume", "Goes on with a paused queue.", ApiJson.Default.QueueRequest, ApiJson.Default.QueueItem, (_, _) => throw ApiException.NotYet()),
        ApiRoute.Post("queues/change", "Changes how many messages are handled at once and fetched ahead.", ApiJson.Default.ConsumerChangeRequest, ApiJson.Default.QueueItem, (_, _) => throw ApiException.NotYet()),
        ApiRoute.Post("queues/reset", "Goes back to the configured concurrency and prefetch.", ApiJson.Default.QueueRequest, ApiJson.Default.QueueItem, (_, _) => throw ApiException.NotYet()),
    ];
}

using ReliableMq.Dashboard.Api;

namespace ReliableMq.Dashboard.Resources;

/// <summary>Messages that were handled, or whose handling fails, or that wait behind one that fails.</summary>
internal sealed class InboxResource : IResource
{
    public IEnumerable<ApiRoute> Routes =>
    [
        ApiRoute.Get("inbox", "Messages whose handling failed and is tried again, or that are done; newest first.", ApiJson.Default.InboxPage,
            Filters.Paged(Filters.InboxState, Filters.Queue, Filters.MessageId, Filters.OrderingKey, Filters.ErrorType, Filters.ErrorText, Filters.From, Filters.Until), _ => throw ApiException.NotYet()),
        ApiRoute.Get("inbox/counts", "How many there are in each state.", ApiJson.Default.InboxCounts, [Filters.Service, Filters.Queue], _ => throw ApiException.NotYet()),
        ApiRoute.Get("inbox/{service}/{id}", "One of them, with its whole error.", ApiJson.Default.InboxItem, [], _ => throw ApiException.NotYet()),
        ApiRoute.Post("inbox/retry-now", "Offers scheduled retries at once.", ApiJson.Default.ActionRequest, ApiJson.Default.ActionResult, (_, _) => throw ApiException.NotYet()),
        ApiRoute.Get("parked", "Messages of ordered queues that wait behind one that fails, key after key.", ApiJson.Default.ParkedPage, Filters.Paged(Filters.Queue, Filters.OrderingKey), _ => throw ApiException.NotYet()),
        ApiRoute.Post("parked/go-on", "Lets the messages of a key go on without the one they wait for.", ApiJson.Default.GoOnRequest, ApiJson.Default.ActionResult, (_, _) => throw ApiException.NotYet()),
    ];
}

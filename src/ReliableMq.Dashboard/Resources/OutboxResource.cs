using ReliableMq.Dashboard.Api;

namespace ReliableMq.Dashboard.Resources;

/// <summary>Messages that wait to be sent, and those that have left.</summary>
internal sealed class OutboxResource : IResource
{
    private static readonly Parameter<string> Destination = Parameter.Text("destination", "Only those to this exchange, or to this queue by a retry or replay.");
    private static readonly Parameter<string> ErrorKind = Parameter.Text("errorKind", "Only those with this kind of error: `returned`, `nacked`, `timed out` or `refused`.");
    private static readonly Parameter[] Matching = [Filters.MessageId, Filters.Name, Filters.OrderingKey, Filters.CorrelationId, Destination, ErrorKind, Filters.ErrorText, Filters.From, Filters.Until];

    public IEnumerable<ApiRoute> Routes =>
    [
        ApiRoute.Get("outbox", "Messages in the outbox, newest first, or of the history where the state is `sent`, `expired` or `cancelled`.", ApiJson.Default.OutboxPage, Filters.Paged([Filters.OutboxState, .. Matching]), _ => throw ApiException.NotYet()),
        ApiRoute.Get("outbox/counts", "How many there are in each state.", ApiJson.Default.OutboxCounts, [Filters.Service, .. Matching], _ => throw ApiException.NotYet()),
        ApiRoute.Get("outbox/{service}/{id}", "One of them.", ApiJson.Default.OutboxDetail, [], _ => throw ApiException.NotYet()),
        ApiRoute.Get("outbox/{service}/{id}/body", "Its body, to look at.", ApiJson.Default.BodyView, [], _ => throw ApiException.NotYet(), Right.SeeBodies),
        new("GET", "outbox/{service}/{id}/body/raw", Right.SeeBodies, "Its body, to keep.", _ => throw ApiException.NotYet()),
        ApiRoute.Post("outbox/send-now", "Offers messages at once, whatever they wait for (hurry); attempts of failed ones count from zero.", ApiJson.Default.ActionRequest, ApiJson.Default.ActionResult, (_, _) => throw ApiException.NotYet()),
        ApiRoute.Post("outbox/cancel", "Takes messages out of the outbox unsent; the history keeps them as cancelled.", ApiJson.Default.ActionRequest, ApiJson.Default.ActionResult, (_, _) => throw ApiException.NotYet()),
        ApiRoute.Post("outbox/resend", "Sends messages of the history once more, with their ids: whoever has handled one does not handle it again.", ApiJson.Default.ActionRequest, ApiJson.Default.ActionResult, (_, _) => throw ApiException.NotYet()),
        ApiRoute.Post("outbox/delete", "Removes messages from the history for ever. One that has not left has to be cancelled first.", ApiJson.Default.ActionRequest, ApiJson.Default.ActionResult, (_, _) => throw ApiException.NotYet()),
    ];
}

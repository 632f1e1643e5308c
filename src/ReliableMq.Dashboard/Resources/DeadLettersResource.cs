using ReliableMq.Dashboard.Api;

namespace ReliableMq.Dashboard.Resources;

/// <summary>Messages that were given up.</summary>
internal sealed class DeadLettersResource : IResource
{
    private static readonly Parameter[] Matching = [Filters.DeadLetterState, Filters.Queue, Filters.MessageId, Filters.Name, Filters.ErrorType, Filters.CorrelationId, Filters.ErrorText, Filters.From, Filters.Until];

    public IEnumerable<ApiRoute> Routes =>
    [
        ApiRoute.Get("dead-letters", "Messages that were given up, newest first.", ApiJson.Default.DeadLetterPage, Filters.Paged(Matching), _ => throw ApiException.NotYet()),
        ApiRoute.Get("dead-letters/count", "How many match.", ApiJson.Default.Count, [Filters.Service, .. Matching], _ => throw ApiException.NotYet()),
        ApiRoute.Get("dead-letters/groups", "Grouped by queue and type of exception, the largest first.", ApiJson.Default.DeadLetterGroupPage, Filters.Paged(Matching), _ => throw ApiException.NotYet()),
        ApiRoute.Get("dead-letters/{service}/{id}", "One of them: headers, deaths, attempts with stacks.", ApiJson.Default.DeadLetterDetail, [], _ => throw ApiException.NotYet()),
        ApiRoute.Get("dead-letters/{service}/{id}/body", "Its body, to look at.", ApiJson.Default.BodyView, [], _ => throw ApiException.NotYet(), Right.SeeBodies),
        new("GET", "dead-letters/{service}/{id}/body/raw", Right.SeeBodies, "Its body, to keep.", _ => throw ApiException.NotYet()),
        ApiRoute.Post("dead-letters/{service}/{id}/replay", "Sends one to its queue again, as it came or changed.", ApiJson.Default.ReplayOneRequest, ApiJson.Default.ActionResult, (_, _) => throw ApiException.NotYet()),
        ApiRoute.Post("dead-letters/replay", "Sends many to their queues again: those with the ids at once, those that match a filter in the background.", ApiJson.Default.ReplayManyRequest, ApiJson.Default.ReplayStarted, (_, _) => throw ApiException.NotYet()),
        ApiRoute.Post("dead-letters/discard", "Says that nobody will handle them. They are kept, and can still be replayed.", ApiJson.Default.ActionRequest, ApiJson.Default.ActionResult, (_, _) => throw ApiException.NotYet()),
        new("GET", "dead-letters/export", Right.SeeBodies, "All that match as JSON, one a line, with bodies in base64.", _ => throw ApiException.NotYet()) { Parameters = [Filters.Service, .. Matching], ResponseType = "application/x-ndjson" },
        ApiRoute.Get("replays", "Replays of many, and how far they are; newest first.", ApiJson.Default.ReplayPage, [Filters.Service], _ => throw ApiException.NotYet()),
        ApiRoute.Post("replays/cancel", "Ends replays where they are. What was sent stays sent.", ApiJson.Default.ActionRequest, ApiJson.Default.ActionResult, (_, _) => throw ApiException.NotYet()),
    ];
}

using ReliableMq.Dashboard.Api;

namespace ReliableMq.Dashboard.Resources;

/// <summary>What has changed, as it changes.</summary>
internal sealed class LiveResource : IResource
{
    public IEnumerable<ApiRoute> Routes =>
    [
        new("GET", "live", Right.View, "Server-sent events: `changed` with a Change as data, about once a second at most; a comment every 15 s keeps the line open. Read again what you show.", _ => throw ApiException.NotYet())
        {
            ResponseType = "text/event-stream",
        },
    ];
}

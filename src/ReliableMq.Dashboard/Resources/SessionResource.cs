using ReliableMq.Dashboard.Api;

namespace ReliableMq.Dashboard.Resources;

/// <summary>Who the caller is, and what there is to see.</summary>
internal sealed class SessionResource : IResource
{
    public IEnumerable<ApiRoute> Routes =>
    [
        ApiRoute.Get("session", "Who the caller is, what it may do, and which services there are.", ApiJson.Default.Session, [], _ => throw ApiException.NotYet()),
    ];
}

using ReliableMq.Dashboard.Api;

namespace ReliableMq.Dashboard.Resources;

/// <summary>Whether messages flow.</summary>
internal sealed class OverviewResource : IResource
{
    private static readonly Parameter<int> Minutes = Parameter.Number("minutes", "The range until now, in minutes; up to 7 days.", 1, 7 * 24 * 60, 60);
    private static readonly Parameter<int> Points = Parameter.Number("points", "About how many steps; a step is a whole number of minutes.", 1, 500, 60);

    public IEnumerable<ApiRoute> Routes =>
    [
        ApiRoute.Get("overview", "Whether messages flow: a verdict in words, counts of each service, the broker.", ApiJson.Default.Overview, [Filters.Service], _ => throw ApiException.NotYet()),
        ApiRoute.Get("rates", "Rates and latencies over a range, of all processes together.", ApiJson.Default.Rates, [Filters.Service, Minutes, Points], _ => throw ApiException.NotYet()),
    ];
}

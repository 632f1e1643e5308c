using ReliableMq.Dashboard.Api;

namespace ReliableMq.Dashboard.Resources;

/// <summary>Alerts, processes, scheduled work, and who did what.</summary>
internal sealed class OperationsResource : IResource
{
    private static readonly Parameter<bool> IsResolved = Parameter.Flag("resolved", "Resolved alerts instead of open ones.");
    private static readonly Parameter<string> Who = Parameter.Text("who", "Only what this caller did.");
    private static readonly Parameter<string> Action = Parameter.Text("action", "Only this action.");

    public IEnumerable<ApiRoute> Routes =>
    [
        ApiRoute.Get("alerts", "Alerts, newest first.", ApiJson.Default.AlertPage, Filters.Paged(IsResolved), _ => throw ApiException.NotYet()),
        ApiRoute.Get("nodes", "The processes of all services, by their heartbeats.", ApiJson.Default.NodePage, [Filters.Service], _ => throw ApiException.NotYet()),
        ApiRoute.Get("schedule", "Scheduled work with its last and next run.", ApiJson.Default.SchedulePage, [Filters.Service], _ => throw ApiException.NotYet()),
        ApiRoute.Get("audit", "Who did what, newest first.", ApiJson.Default.AuditPage, Filters.Paged(Who, Action, Filters.From, Filters.Until), _ => throw ApiException.NotYet()),
    ];
}

using System.Globalization;
using Npgsql;
using ReliableMq.Dashboard.Api;
using ReliableMq.Dashboard.Contract;
using ReliableMq.Dashboard.Services;

namespace ReliableMq.Dashboard.Resources;

/// <summary>Alerts, processes, scheduled work, and who did what.</summary>
internal sealed class OperationsResource(KnownServices services) : IResource
{
    private static readonly Parameter<bool> IsResolved = Parameter.Flag("resolved", "Resolved alerts instead of open ones.");
    private static readonly Parameter<string> Who = Parameter.Text("who", "Only what this caller did.");
    private static readonly Parameter<string> Action = Parameter.Text("action", "Only this action.");

    public IEnumerable<ApiRoute> Routes =>
    [
        ApiRoute.Get("alerts", "Alerts, newest first.", ApiJson.Default.AlertPage, Filters.Paged(IsResolved), ListAlertsAsync),
        ApiRoute.Get("nodes", "The processes of all services, by their heartbeats.", ApiJson.Default.NodePage, [Filters.Service],
            call => AllAsync(call, (service, connection, token) => new Statement().ReadAsync(connection, OperationsReads.Nodes(service.Schema), reader => OperationsReads.Node(service.Name, reader), token))),
        ApiRoute.Get("schedule", "Scheduled work with its last and next run.", ApiJson.Default.SchedulePage, [Filters.Service],
            call => AllAsync(call, (service, connection, token) => new Statement().ReadAsync(connection, OperationsReads.Schedule(service.Schema), reader => OperationsReads.Work(service.Name, reader), token))),
        ApiRoute.Get("audit", "Who did what, newest first.", ApiJson.Default.AuditPage, Filters.Paged(Who, Action, Filters.From, Filters.Until), ListAuditAsync),
    ];

    private Task<Page<AlertItem>> ListAlertsAsync(ApiCall call) =>
        Paging.ReadAsync(services.Select(call.Find(Filters.Service)), call.Find(Filters.Cursor), call.Limit, (service, connection, after, limit, token) =>
        {
            var statement = After(after, "a.id").Where(call.FindValue(IsResolved) == true ? "a.resolved_at IS NOT NULL" : "a.resolved_at IS NULL").With("limit", limit);
            return statement.ReadAsync(connection, OperationsReads.Alerts(service.Schema, statement.Conditions), reader =>
            {
                var item = OperationsReads.Alert(service.Name, reader);
                return new Listed<AlertItem>(item, item.FirstRaisedAt, [$"{reader.GetInt64(0)}"]);
            }, token);
        }, call.Aborted);

    private Task<Page<AuditItem>> ListAuditAsync(ApiCall call) =>
        Paging.ReadAsync(services.Select(call.Find(Filters.Service)), call.Find(Filters.Cursor), call.Limit, (service, connection, after, limit, token) =>
        {
            var statement = After(after, "a.id").With("limit", limit)
                .Where("a.who = @who", "who", call.Find(Who))
                .Where("a.action = @action", "action", call.Find(Action))
                .Where("a.at >= @from", "from", call.FindValue(Filters.From))
                .Where("a.at < @until", "until", call.FindValue(Filters.Until));
            return statement.ReadAsync(connection, OperationsReads.AuditPage(service.Schema, statement.Conditions), reader => new Listed<AuditItem>(
                new AuditItem(service.Name, RowId.Of($"{reader.GetInt64(0)}"), reader.Time(1), reader.GetString(2), reader.GetString(3), reader.GetString(4), reader.Text(5)), reader.Time(1), [$"{reader.GetInt64(0)}"]), token);
        }, call.Aborted);

    private async Task<Page<T>> AllAsync<T>(ApiCall call, Func<KnownService, NpgsqlConnection, CancellationToken, Task<List<T>>> read)
    {
        var answers = await Reading.AskAsync(services.Select(call.Find(Filters.Service)), read, call.Aborted);
        return new Page<T>([.. answers.All.SelectMany(answer => answer.Value)], null, answers.Unreadable);
    }

    private static Statement After(string[] after, string column) =>
        after.Length == 0 ? new Statement() : new Statement().Where($"{column} < @after").With("after", long.Parse(after[0], NumberStyles.None, CultureInfo.InvariantCulture));
}

using System.Reflection;
using ReliableMq.Dashboard.Api;
using ReliableMq.Dashboard.Contract;
using ReliableMq.Dashboard.Security;
using ReliableMq.Dashboard.Services;

namespace ReliableMq.Dashboard.Resources;

/// <summary>Who the caller is, and what there is to see.</summary>
internal sealed class SessionResource(KnownServices services, Guard guard, TimeProvider time) : IResource
{
    private static readonly string Version = typeof(SessionResource).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];

    public IEnumerable<ApiRoute> Routes =>
    [
        ApiRoute.Get("session", "Who the caller is, what it may do, and which services there are.", ApiJson.Default.Session, [], ReadAsync),
    ];

    private async Task<Session> ReadAsync(ApiCall call)
    {
        var all = services.All;
        var answers = await Reading.AskAsync(all, async (service, connection, token) =>
            (await new Statement().ReadAsync(connection, OperationsReads.Owner(service.Schema), reader => (connection.Database, Owner: reader.Text(0), Version: reader.IsDBNull(1) ? (int?)null : reader.GetInt32(1)), token))[0], call.Aborted);
        return new Session(
            Caller.Of(call.Http), !guard.IsReadOnly && await guard.MayAsync(call.Http, Right.Operate), await guard.MayAsync(call.Http, Right.SeeBodies), guard.IsReadOnly, Origin.ChangeHeader, Version, time.GetUtcNow(),
            [.. all.Select(service => Info(service, answers))]);
    }

    private static ServiceInfo Info(KnownService service, Answers<(string Database, string? Owner, int? Version)> answers)
    {
        var answer = answers.All.FirstOrDefault(answer => answer.Service.Name == service.Name);
        return answer.Service is null
            ? new ServiceInfo(service.Name, null, null, service.Schema, service.IsOwn, IsReachable: false, answers.Unreadable.First(other => other.Service == service.Name).Error, null)
            : new ServiceInfo(service.Name, answer.Value.Owner, answer.Value.Database, service.Schema, service.IsOwn, IsReachable: true, null, answer.Value.Version);
    }
}

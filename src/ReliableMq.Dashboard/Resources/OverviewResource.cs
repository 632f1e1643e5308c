using Microsoft.Extensions.Diagnostics.HealthChecks;
using ReliableMq.Dashboard.Api;
using ReliableMq.Dashboard.Contract;
using ReliableMq.Dashboard.Services;
using ReliableMq.Timing;

namespace ReliableMq.Dashboard.Resources;

/// <summary>Whether messages flow.</summary>
internal sealed class OverviewResource(KnownServices services, TimeProvider time, IServiceProvider provider) : IResource
{
    private static readonly Parameter<int> Minutes = Parameter.Number("minutes", "The range until now, in minutes; up to 7 days.", 1, 7 * 24 * 60, 60);
    private static readonly Parameter<int> Points = Parameter.Number("points", "About how many steps; a step is a whole number of minutes.", 1, 500, 60);

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>What only the process itself knows; the tables tell the rest.</summary>
    private static readonly Dictionary<string, Area> OfProcess = new()
    {
        ["reliable-mq-broker"] = Area.Broker,
        ["reliable-mq-topology"] = Area.Queues,
        ["reliable-mq-consumers"] = Area.Queues,
        ["reliable-mq-dead-letter-queues"] = Area.DeadLetters,
    };

    public IEnumerable<ApiRoute> Routes =>
    [
        ApiRoute.Get("overview", "Whether messages flow: a verdict in words, counts of each service, the broker.", ApiJson.Default.Overview, [Filters.Service], ReadAsync),
        ApiRoute.Get("rates", "Rates and latencies over a range, of all processes together.", ApiJson.Default.Rates, [Filters.Service, Minutes, Points], ReadRatesAsync),
    ];

    private async Task<Overview> ReadAsync(ApiCall call)
    {
        var chosen = services.Select(call.Find(Filters.Service));
        var asking = Reading.AskAsync(chosen, async (service, connection, token) => (await new Statement().ReadAsync(connection, OverviewReads.State(service.Schema), OverviewReads.Read, token))[0], call.Aborted);
        var own = chosen.FirstOrDefault(service => service.IsOwn)?.Name;
        var health = own is null ? null : await CheckAsync(call.Aborted);
        var answers = await asking;
        var findings = health?.Entries.Where(entry => entry.Value.Status != HealthStatus.Healthy)
            .Select(entry => new Finding(entry.Value.Status == HealthStatus.Unhealthy ? Severity.Error : Severity.Warning, OfProcess[entry.Key], own, entry.Value.Description ?? "Its health check failed.", FindingCode.HealthCheck, entry.Value.Description ?? "Its health check failed."))
            .ToList() ?? (own is null ? [] : [new Finding(Severity.Error, Area.Broker, own, $"The health checks of this process gave no answer within {Patience.TotalSeconds:0} s.", FindingCode.HealthChecksSlow, $"{Patience.TotalSeconds:0}")]);
        return new Overview(
            time.GetUtcNow(),
            VerdictRules.Of([.. answers.All.Select(answer => (answer.Service.Name, answer.Value))], answers.Unreadable, findings),
            [.. chosen.Select(service => answers.All.FirstOrDefault(answer => answer.Service.Name == service.Name) is { Service: not null } answer ? Of(service.Name, answer.Value) : Unknown(service.Name))],
            Broker(health));
    }

    /// <returns>Null where nothing is known in time: a check may wait for a broker that says nothing.</returns>
    private async Task<HealthReport?> CheckAsync(CancellationToken cancellationToken)
    {
        using var patience = new TimeLimit(Patience, TimeProvider.System, cancellationToken);
        try
        {
            // Not every check looks at its token.
            return await ((HealthCheckService)provider.GetService(typeof(HealthCheckService))!).CheckHealthAsync(check => OfProcess.ContainsKey(check.Name), patience.Token).WaitAsync(patience.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }

    private async Task<Rates> ReadRatesAsync(ApiCall call)
    {
        var minutes = call.FindValue(Minutes) ?? 60;
        var now = time.GetUtcNow();
        // The minute that runs is not over, but it is what people look for.
        var until = now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMinute)).AddMinutes(1);
        var step = TimeSpan.FromMinutes(Math.Max(1, (int)Math.Ceiling(minutes / (double)(call.FindValue(Points) ?? 60))));
        var steps = (int)Math.Ceiling(TimeSpan.FromMinutes(minutes) / step);
        var from = until - (steps * step);
        var answers = await Reading.AskAsync(services.Select(call.Find(Filters.Service)), (service, connection, token) =>
            new Statement().With("from", from).With("until", until).With("step", (int)step.TotalSeconds).ReadAsync(connection, RatesReads.Steps(service.Schema), RatesReads.Read, token), call.Aborted);
        var rows = answers.All.SelectMany(answer => answer.Value).ToList();
        var byStep = rows.ToLookup(row => row.Step);
        return new Rates(from, until, (int)step.TotalSeconds, StepRow.Sum(from, rows), [.. Enumerable.Range(0, steps).Select(index => StepRow.Sum(from + (index * step), byStep[index]))]);
    }

    private static BrokerState Broker(HealthReport? health) => health is not null && health.Entries.TryGetValue("reliable-mq-broker", out var broker)
        ? new BrokerState(broker.Status != HealthStatus.Unhealthy, broker.Description ?? "", null, null, broker.Status == HealthStatus.Degraded ? [broker.Description ?? ""] : [])
        : new BrokerState(null, "Nothing is known: this process has no connection of its own.", null, null, []);

    private static ServiceOverview Of(string service, ServiceState state) => new(
        service, IsReachable: true, state.Pending, state.OldestPendingSeconds, state.Scheduled, state.Retrying, state.Failed, state.Failing, state.Parked, state.DeadLetters, state.OpenAlerts, state.NodesAlive, state.NodesSilent);

    private static ServiceOverview Unknown(string service)
    {
        var none = Count.Unknown;
        return new ServiceOverview(service, IsReachable: false, none, null, none, none, none, none, none, none, none, 0, 0);
    }
}

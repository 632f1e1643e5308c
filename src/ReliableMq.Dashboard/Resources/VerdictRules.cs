using ReliableMq.Dashboard.Contract;

namespace ReliableMq.Dashboard.Resources;

/// <summary>Decides whether messages flow, and says in words what is wrong.</summary>
internal static class VerdictRules
{
    /// <summary>A message older than this should have left.</summary>
    private const double LateSeconds = 60;

    public static Verdict Of(IReadOnlyList<(string Service, ServiceState State)> services, IReadOnlyList<Unreadable> unreadable, IReadOnlyList<Finding> ofProcess)
    {
        List<Finding> findings =
        [
            .. unreadable.Select(other => new Finding(Severity.Error, Area.Database, other.Service, $"The database cannot be read: {other.Error}", FindingCode.DatabaseUnreadable, other.Error)),
            .. ofProcess,
            .. services.SelectMany(service => Of(service.Service, service.State)),
        ];
        findings = [.. findings.OrderBy(finding => finding.Severity)];
        var errors = findings.Count(finding => finding.Severity == Severity.Error);
        return new Verdict(findings.Count == 0, findings.Count == 0
            ? services.Count == 0 ? "No service is known." : "Messages flow, and nothing waits for an operator."
            : errors > 0 ? $"{errors} {(errors == 1 ? "thing needs" : "things need")} you{(findings.Count > errors ? $", {findings.Count - errors} more should be looked at" : "")}."
            : $"Messages flow, but {findings.Count} {(findings.Count == 1 ? "thing" : "things")} should be looked at.", findings,
            errors > 0 ? VerdictCode.Errors : findings.Count > 0 ? VerdictCode.Warnings : services.Count == 0 ? VerdictCode.NoService : VerdictCode.Healthy);
    }

    private static IEnumerable<Finding> Of(string service, ServiceState state)
    {
        if (state.OldestPendingSeconds > LateSeconds)
        {
            yield return new(Severity.Error, Area.Outbox, service, $"The oldest message that should have left has waited for {Duration(state.OldestPendingSeconds.Value)}.", FindingCode.OldestWaits, $"{(long)state.OldestPendingSeconds.Value}");
        }

        if (state.Failed.Value > 0)
        {
            yield return new(Severity.Error, Area.Outbox, service, Say(state.Failed, "message could not be sent and waits for an operator.", "messages could not be sent and wait for an operator."), FindingCode.SendFailed, Figure(state.Failed));
        }

        if (state.NodesAlive == 0)
        {
            yield return new(Severity.Error, Area.Nodes, service, "No process of it is alive: nothing is sent or handled.", FindingCode.NoProcess);
        }

        if (state.DeadLetters.Value > 0)
        {
            yield return new(Severity.Warning, Area.DeadLetters, service, Say(state.DeadLetters, "dead letter waits for an operator.", "dead letters wait for an operator."), FindingCode.DeadLetters, Figure(state.DeadLetters));
        }

        if (state.FailingForLong.Value > 0)
        {
            yield return new(Severity.Warning, Area.Inbox, service, Say(state.FailingForLong, "message has been failing for more than 5 minutes.", "messages have been failing for more than 5 minutes."), FindingCode.FailingLong, Figure(state.FailingForLong));
        }

        if (state.Parked.Value > 0)
        {
            yield return new(Severity.Warning, Area.Inbox, service, Say(state.Parked, "message waits behind one of its ordering key that fails.", "messages wait behind one of their ordering key that fails."), FindingCode.Parked, Figure(state.Parked));
        }

        if (state.OpenAlerts.Value > 0)
        {
            yield return new(state.HasErrorAlert ? Severity.Error : Severity.Warning, Area.Alerts, service, Say(state.OpenAlerts, "alert is open.", "alerts are open."), FindingCode.Alerts, Figure(state.OpenAlerts));
        }

        if (state.Paused is { } paused)
        {
            yield return new(Severity.Warning, Area.Queues, service, $"An operator has paused: {paused}.", FindingCode.Paused, paused);
        }

        if (state.FailingWork is { } work)
        {
            yield return new(Severity.Warning, Area.Schedule, service, $"Scheduled work has failed three times in a row or more: {work}.", FindingCode.WorkFails, work);
        }
    }

    private static string Say(Count count, string one, string many) => count switch
    {
        { IsAtLeast: true } => $"More than {count.Value} {many}",
        { Value: 1 } => $"1 {one}",
        _ => $"{count.Value} {many}",
    };

    private static string Figure(Count count) => count.IsAtLeast ? $"> {count.Value}" : $"{count.Value}";

    private static string Duration(double seconds) => TimeSpan.FromSeconds(seconds) switch
    {
        { TotalDays: >= 1 } time => $"{time.TotalDays:0.#} days",
        { TotalHours: >= 1 } time => $"{time.TotalHours:0.#} hours",
        { TotalMinutes: >= 1 } time => $"{time.TotalMinutes:0} minutes",
        var time => $"{time.TotalSeconds:0} seconds",
    };
}

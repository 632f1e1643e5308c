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
            .. unreadable.Select(other => new Finding(Severity.Error, Area.Database, other.Service, $"The database cannot be read: {other.Error}")),
            .. ofProcess,
            .. services.SelectMany(service => Of(service.Service, service.State)),
        ];
        findings = [.. findings.OrderBy(finding => finding.Severity)];
        var errors = findings.Count(finding => finding.Severity == Severity.Error);
        return new Verdict(findings.Count == 0, findings.Count == 0
            ? services.Count == 0 ? "No service is known." : "Messages flow, and nothing waits for an operator."
            : errors > 0 ? $"{errors} thing(s) need you{(findings.Count > errors ? $", {findings.Count - errors} more should be looked at" : "")}." : $"Messages flow, but {findings.Count} thing(s) should be looked at.", findings);
    }

    private static IEnumerable<Finding> Of(string service, ServiceState state)
    {
        if (state.OldestPendingSeconds > LateSeconds)
        {
            yield return new(Severity.Error, Area.Outbox, service, $"The oldest message that should have left has waited for {Duration(state.OldestPendingSeconds.Value)}.");
        }

        if (state.Failed.Value > 0)
        {
            yield return new(Severity.Error, Area.Outbox, service, $"{Number(state.Failed)} message(s) could not be sent and wait for an operator.");
        }

        if (state.NodesAlive == 0)
        {
            yield return new(Severity.Error, Area.Nodes, service, "No process of it is alive: nothing is sent or handled.");
        }

        if (state.DeadLetters.Value > 0)
        {
            yield return new(Severity.Warning, Area.DeadLetters, service, $"{Number(state.DeadLetters)} dead letter(s) wait for an operator.");
        }

        if (state.FailingForLong.Value > 0)
        {
            yield return new(Severity.Warning, Area.Inbox, service, $"{Number(state.FailingForLong)} message(s) have been failing for more than 5 minutes.");
        }

        if (state.Parked.Value > 0)
        {
            yield return new(Severity.Warning, Area.Inbox, service, $"{Number(state.Parked)} message(s) wait behind one of their ordering key that fails.");
        }

        if (state.OpenAlerts.Value > 0)
        {
            yield return new(state.HasErrorAlert ? Severity.Error : Severity.Warning, Area.Alerts, service, $"{Number(state.OpenAlerts)} alert(s) are open.");
        }

        if (state.Paused is { } paused)
        {
            yield return new(Severity.Warning, Area.Queues, service, $"An operator has paused: {paused}.");
        }

        if (state.FailingWork is { } work)
        {
            yield return new(Severity.Warning, Area.Schedule, service, $"Scheduled work has failed three times in a row or more: {work}.");
        }
    }

    private static string Number(Count count) => count.IsAtLeast ? $"More than {count.Value}" : $"{count.Value}";

    private static string Duration(double seconds) => TimeSpan.FromSeconds(seconds) switch
    {
        { TotalDays: >= 1 } time => $"{time.TotalDays:0.#} days",
        { TotalHours: >= 1 } time => $"{time.TotalHours:0.#} hours",
        { TotalMinutes: >= 1 } time => $"{time.TotalMinutes:0} minutes",
        var time => $"{time.TotalSeconds:0} seconds",
    };
}

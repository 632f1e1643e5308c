using System.ComponentModel;
using System.Text.Json.Serialization;

namespace ReliableMq.Dashboard.Contract;

internal sealed record Overview(
    DateTimeOffset Now, Verdict Verdict, IReadOnlyList<ServiceOverview> Services, BrokerState Broker);

internal sealed record Verdict(
    bool IsHealthy,
    [property: Description("In one sentence.")] string Text,
    [property: Description("What is wrong, the worst first.")] IReadOnlyList<Finding> Findings,
    [property: Description("Which sentence `text` is, for other languages.")] VerdictCode Code);

[JsonConverter(typeof(Words<VerdictCode>))]
internal enum VerdictCode { Healthy, NoService, Warnings, Errors }

internal sealed record Finding(
    Severity Severity, Area Area, string? Service, string Text,
    [property: Description("Which sentence `text` is, for other languages.")] FindingCode Code,
    [property: Description("What stands in that sentence, in its order.")] params IReadOnlyList<string> Values);

[JsonConverter(typeof(Words<FindingCode>))]
internal enum FindingCode { DatabaseUnreadable, HealthCheck, HealthChecksSlow, OldestWaits, SendFailed, NoProcess, DeadLetters, FailingLong, Parked, Alerts, Paused, WorkFails }

[JsonConverter(typeof(Words<Severity>))]
internal enum Severity { Error, Warning }

[JsonConverter(typeof(Words<Area>))]
internal enum Area { Database, Broker, Outbox, Inbox, DeadLetters, Queues, Alerts, Nodes, Schedule }

internal sealed record ServiceOverview(
    string Service, bool IsReachable,
    [property: Description("Should have left, and was not tried yet.")] Count Pending,
    double? OldestPendingSeconds, Count Scheduled, Count Retrying,
    [property: Description("Outbox rows that wait for an operator.")] Count Failed,
    [property: Description("Messages whose handling failed and is tried again.")] Count Failing,
    Count Parked, Count DeadLetters, Count OpenAlerts, int NodesAlive, int NodesSilent);

internal sealed record BrokerState(
    [property: Description("Null where nothing is known: no management API is configured, and this process has no connection.")] bool? IsReachable,
    string Text, string? Version, string? Cluster, IReadOnlyList<string> Alarms);

internal sealed record Rates(
    DateTimeOffset From, DateTimeOffset Until, int StepSeconds, RatePoint Total, IReadOnlyList<RatePoint> Points);

internal sealed record RatePoint(
    [property: Description("When the step begins.")] DateTimeOffset At,
    long Committed, long Sent, long Handled,
    [property: Description("Attempts that failed.")] long Failed,
    long DeadLettered,
    [property: Description("From commit to the broker's confirm.")] Latency? Confirm,
    [property: Description("From commit to the end of handling; from receipt for messages of foreign senders is not counted.")] Latency? Handle);

[method: System.Text.Json.Serialization.JsonConstructor]
internal sealed record Latency(
    long Count,
    [property: Description("Milliseconds, interpolated in a bucket of the histogram.")] double P50, double P95, double P99);

internal sealed record NodeItem(
    string Service, string Id, string Host, DateTimeOffset StartedAt, DateTimeOffset HeartbeatAt, double HeartbeatAgeSeconds,
    [property: Description("Whether its heartbeat is not late.")] bool IsAlive);

internal sealed record ScheduleItem(
    string Service, string Name, double EverySeconds, WorkOutcome Outcome, string? Error,
    [property: Description("How often it has failed in a row.")] int Failures,
    DateTimeOffset LastStartedAt, DateTimeOffset? LastFinishedAt, double? DurationSeconds, DateTimeOffset NextAt, string Host);

[JsonConverter(typeof(Words<WorkOutcome>))]
internal enum WorkOutcome { Running, Done, Failed, Stopped }

internal sealed record AuditItem(string Service, string Id, DateTimeOffset At, string Who, string Action, string Target, string? Details);

internal sealed record AlertItem(
    string Service, string Id, string Kind, string Group, Severity Severity, string Text, long Count, DateTimeOffset FirstRaisedAt, DateTimeOffset LastRaisedAt,
    DateTimeOffset? ResolvedAt, string? Resolution, IReadOnlyList<AlertCase> Examples, IReadOnlyList<AlertTelling> Tellings);

internal sealed record AlertCase(string? MessageId, string? Reason);

internal sealed record AlertTelling(string Sink, int Tellings, DateTimeOffset? ToldAt, int FailedAttempts, string? Error);

internal sealed record Change(
    string Service,
    [property: Description("What has changed: the names of resources.")] IReadOnlyList<Area> Areas);

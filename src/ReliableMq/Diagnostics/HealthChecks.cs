using Microsoft.Extensions.Diagnostics.HealthChecks;
using ReliableMq.Alerting;
using ReliableMq.Broker;
using ReliableMq.Broker.Topology;
using ReliableMq.DeadLettering;
using ReliableMq.Handling;
using ReliableMq.Hosting;
using ReliableMq.Outbox;
using ReliableMq.Scheduling;
using ReliableMq.Storage;
using ReliableMq.Timing;

namespace ReliableMq.Diagnostics;

/// <summary>Whether the broker can be reached, and takes messages.</summary>
internal sealed class BrokerHealthCheck(BrokerConnections connections, ServiceDatabases databases, HandlerRegistry handlers) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var hasDatabase = databases.All.Count > 0;
        // Consumers without a database publish only what failed.
        var connection = hasDatabase || handlers.Queues.Count == 0 ? connections.Publishing : connections.Consuming;
        return Task.FromResult(
            !hasDatabase && handlers.Queues.Count == 0 && !connections.Publishing.IsUsed ? HealthCheckResult.Healthy("No outbox and no handlers are in use, and nothing was published.")
            : !connection.IsOpen ? new HealthCheckResult(context.Registration.FailureStatus, $"No connection to RabbitMQ: {connection.LastError ?? "connecting"}")
            : connections.Publishing.Blocked is { } reason ? HealthCheckResult.Degraded($"RabbitMQ blocks publishing: {reason}. Messages wait in the database, or in their queues where handlers have none.")
            : HealthCheckResult.Healthy("Connected to RabbitMQ."));
    }
}

/// <summary>Whether the broker has the exchanges, queues and bindings that are needed, as they are needed.</summary>
internal sealed class TopologyHealthCheck(TopologyState state, ReliableMqOptions options) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) => Task.FromResult(
        options.Topology.Mode == TopologyMode.None ? HealthCheckResult.Healthy("Not checked: \"ReliableMq:Topology:Mode\" is None.")
        : state.Current is not { } report ? HealthCheckResult.Healthy("Not checked yet.")
        : report.Differences.Count > 0 ? HealthCheckResult.Degraded(report.Text + report.Notes)
        : HealthCheckResult.Healthy("As needed." + report.Notes));
}

/// <summary>Whether every queue with handlers is being consumed, and its handlers end when they should.</summary>
internal sealed class ConsumersHealthCheck(ConsumerHost host, AbandonedHandlers abandoned) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var idle = host.Consumers.Select(consumer => (consumer.Queue, consumer.State)).Where(consumer => !consumer.State.IsConsuming).ToList();
        return Task.FromResult(
            idle.Count == 0 && abandoned.Count > 0
            ? new HealthCheckResult(
                abandoned.Kept == 0 ? HealthStatus.Degraded : context.Registration.FailureStatus,
                $"{abandoned.Count} handler(s) went on after they were cancelled and still run{(abandoned.Kept == 0 ? "" : $", and {abandoned.Kept} more keep their places")}. Restart the process.")
            : idle.Count == 0
            ? HealthCheckResult.Healthy($"Consuming {host.Consumers.Count} queue(s).")
            : new HealthCheckResult(
                // A pause is wanted, so nothing is broken; but a forgotten one must be seen.
                idle.TrueForAll(consumer => consumer.State.IsPaused) ? HealthStatus.Degraded : context.Registration.FailureStatus,
                string.Join("; ", idle.Select(consumer => $"\"{consumer.Queue}\": {consumer.State.Description}"))));
    }
}

/// <summary>
/// Whether dead letters wait on the broker: those of handlers without an inbox, which nothing takes away, and others
/// that are stuck, by the last look of this process.
/// </summary>
internal sealed class DeadLetterQueuesHealthCheck(HandlerRegistry handlers, ServiceDatabases databases, BrokerConnections connections, DeadLetterBacklog backlog) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var waiting = new List<string>();
        foreach (var queue in handlers.Queues.Where(queue => databases.InboxOf(queue.Settings) is null).Select(queue => queue.Topology.DeadLetterQueue))
        {
            if (!connections.Consuming.IsOpen)
            {
                return HealthCheckResult.Healthy("Not looked at: there is no connection to RabbitMQ.");
            }

            uint count = 0;
            await TopologyProbe.AskAsync(
                await connections.Consuming.GetAsync(cancellationToken),
                async channel => count = (await channel.QueueDeclarePassiveAsync(queue, cancellationToken)).MessageCount,
                cancellationToken);
            if (count > 0)
            {
                waiting.Add($"\"{queue}\": {count}");
            }
        }

        var texts = waiting.Count == 0 ? backlog.Stuck : [$"Dead letters wait in their queues: {string.Join("; ", waiting)}", .. backlog.Stuck];
        return texts.Count == 0
            ? HealthCheckResult.Healthy("No dead letters wait in their queues.")
            : new HealthCheckResult(context.Registration.FailureStatus, string.Join(" ", texts));
    }
}

/// <summary>Whether stored messages leave, and whether the database can be reached.</summary>
internal sealed class OutboxHealthCheck(ServiceDatabases databases) : IHealthCheck
{
    /// <summary>A message older than this should have left; the broker's own check says why it did not.</summary>
    private static readonly TimeSpan Late = TimeSpan.FromMinutes(1);

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        using var asked = TimeLimit.None(cancellationToken);
        var late = new List<string>();
        foreach (var database in databases.Senders)
        {
            if (!database.Ready.IsCompleted)
            {
                return new HealthCheckResult(context.Registration.FailureStatus, $"The database of \"{database.Name}\" is not ready: {database.LastError}");
            }

            try
            {
                var pending = await new OutboxTable(database).CountPendingAsync(asked.Token);
                if (pending.OldestAge > Late)
                {
                    late.Add($"\"{database.Name}\": {pending.Count} pending, the oldest for {pending.OldestAge:d\\.hh\\:mm\\:ss}");
                }

                if (pending.Failed > 0)
                {
                    late.Add($"\"{database.Name}\": {pending.Failed} failed and waiting for an operator");
                }
            }
            catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
            {
                return new HealthCheckResult(context.Registration.FailureStatus, $"The database of \"{database.Name}\" cannot be reached: {exception.Message}", exception);
            }
        }

        return late.Count == 0 ? HealthCheckResult.Healthy("Messages leave in time.") : HealthCheckResult.Degraded(string.Join("; ", late));
    }
}

/// <summary>Whether alerts can be told. Whether the database can be reached is the outbox's check.</summary>
internal sealed class AlertsHealthCheck(ServiceDatabases databases) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        using var asked = TimeLimit.None(cancellationToken);
        var untold = new List<string>();
        foreach (var database in databases.Ready)
        {
            try
            {
                untold.AddRange((await new AlertTable(database).ReadUntoldAsync(asked.Token))
                    .Select(sink => $"\"{sink.Sink}\": {sink.Count} alert(s), {sink.Error}"));
            }
            catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
            {
                untold.Add($"The alerts of \"{database.Name}\" cannot be read: {exception.Message}");
            }
        }

        return untold.Count == 0
            ? HealthCheckResult.Healthy("Alerts are told.")
            : new HealthCheckResult(context.Registration.FailureStatus, $"Alerts that could not be told: {string.Join("; ", untold)}");
    }
}

/// <summary>
/// The built-in sink for whoever watches health only: degraded while an alert is open. An operator, or a day without a
/// raise, resolves it.
/// </summary>
internal sealed class OpenAlertsHealthCheck(ServiceDatabases databases) : IHealthCheck
{
    private const int Shown = 10;

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        using var asked = TimeLimit.None(cancellationToken);
        var open = new List<string>();
        foreach (var database in databases.Ready.DistinctBy(database => database.Sender))
        {
            try
            {
                open.AddRange(await new AlertTable(database).ReadOpenAsync(Shown + 1, asked.Token));
            }
            catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
            {
                open.Add($"The alerts of \"{database.Name}\" cannot be read: {exception.Message}");
            }
        }

        return open.Count == 0
            ? HealthCheckResult.Healthy("No alert is open.")
            : new HealthCheckResult(context.Registration.FailureStatus, $"Open alerts: {string.Join("; ", open.Take(Shown))}{(open.Count > Shown ? "; and others" : "")}");
    }
}

/// <summary>Whether scheduled work succeeds. Whether the database can be reached is the outbox's check.</summary>
internal sealed class ScheduledWorkHealthCheck(ScheduledWorkTable table) : IHealthCheck
{
    /// <summary>Less is bad luck.</summary>
    private const int TooManyFailures = 3;

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        using var asked = TimeLimit.None(cancellationToken);
        try
        {
            var works = table.IsReady ? await table.ReadAsync(asked.Token) : [];
            var failing = works.Where(work => work.Failures >= TooManyFailures)
                .Select(work => $"\"{work.Name}\" has failed {work.Failures} times in a row: {work.Error?.Split('\n')[0]}")
                .ToList();
            return failing.Count == 0
                ? HealthCheckResult.Healthy("Scheduled work succeeds.")
                : new HealthCheckResult(context.Registration.FailureStatus, string.Join("; ", failing));
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            return new HealthCheckResult(context.Registration.FailureStatus, $"The scheduled work cannot be read: {exception.Message}", exception);
        }
    }
}

using Microsoft.Extensions.Diagnostics.HealthChecks;
using ReliableMq.Broker;
using ReliableMq.Hosting;
using ReliableMq.Outbox;
using ReliableMq.Storage;

namespace ReliableMq.Diagnostics;

/// <summary>Whether the broker can be reached, and takes messages.</summary>
internal sealed class BrokerHealthCheck(BrokerConnections connections, ServiceDatabases databases) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var publishing = connections.Publishing;
        return Task.FromResult(
            databases.All.Count == 0 ? HealthCheckResult.Healthy("No outbox and no inbox are in use.")
            : !publishing.IsOpen ? new HealthCheckResult(context.Registration.FailureStatus, $"No connection to RabbitMQ: {publishing.LastError ?? "connecting"}")
            : publishing.Blocked is { } reason ? HealthCheckResult.Degraded($"RabbitMQ blocks publishing: {reason}. Messages wait in the database.")
            : HealthCheckResult.Healthy("Connected to RabbitMQ."));
    }
}

/// <summary>Whether every queue with handlers is being consumed.</summary>
internal sealed class ConsumersHealthCheck(ConsumerHost host) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var wrong = host.Consumers.Where(consumer => !consumer.State.IsConsuming).ToList();
        return Task.FromResult(wrong.Count == 0
            ? HealthCheckResult.Healthy($"Consuming {host.Consumers.Count} queue(s).")
            : new HealthCheckResult(context.Registration.FailureStatus,
                string.Join("; ", wrong.Select(consumer => $"\"{consumer.Queue}\": {consumer.State.Description}"))));
    }
}

/// <summary>Whether stored messages leave, and whether the database can be reached.</summary>
internal sealed class OutboxHealthCheck(ServiceDatabases databases) : IHealthCheck
{
    /// <summary>A message older than this should have left; the broker's own check says why it did not.</summary>
    private static readonly TimeSpan Late = TimeSpan.FromMinutes(1);

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var late = new List<string>();
        foreach (var database in databases.Senders)
        {
            if (!database.Ready.IsCompleted)
            {
                return new HealthCheckResult(context.Registration.FailureStatus, $"The database of \"{database.ContextType.Name}\" is not ready: {database.LastError}");
            }

            try
            {
                var pending = await new OutboxTable(database).CountPendingAsync(cancellationToken);
                if (pending.OldestAge > Late)
                {
                    late.Add($"\"{database.ContextType.Name}\": {pending.Count} pending, the oldest for {pending.OldestAge:d\\.hh\\:mm\\:ss}");
                }

                if (pending.Failed > 0)
                {
                    late.Add($"\"{database.ContextType.Name}\": {pending.Failed} failed and waiting for an operator");
                }
            }
            catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
            {
                return new HealthCheckResult(context.Registration.FailureStatus, $"The database of \"{database.ContextType.Name}\" cannot be reached: {exception.Message}", exception);
            }
        }

        return late.Count == 0 ? HealthCheckResult.Healthy("Messages leave in time.") : HealthCheckResult.Degraded(string.Join("; ", late));
    }
}

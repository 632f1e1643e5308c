using ReliableMq.Hosting;
using ReliableMq.Storage;

namespace ReliableMq.Receiving;

/// <summary>Lists and changes consumers: those of this process, and by their database those of the whole service.</summary>
/// <param name="host">Null where another process's database is looked at.</param>
/// <param name="databases">Only consumers with one of these, and with none, are here.</param>
/// <param name="time">Of changes that no database keeps.</param>
/// <param name="withoutInbox">Whether those with none are: of several sets of tables they are listed with one.</param>
internal sealed class Consumers(ConsumerHost? host, ServiceDatabases databases, TimeProvider time, bool withoutInbox = true) : IConsumers
{
    public IReadOnlyList<ConsumerInfo> List() => [.. Handling.Select(consumer => consumer.Info)];

    private IReadOnlyList<QueueConsumer> Handling =>
        host is null ? [] : [.. host.Handling.Where(consumer => host.InboxOf(consumer) is { } inbox ? databases.Senders.Any(database => database.Sender == inbox.Sender) : withoutInbox)];

    public Task PauseAsync(string queue, string who, bool lasting, CancellationToken cancellationToken = default) =>
        ApplyAsync(queue, who, "pause", lasting, new() { [ChangedSetting.Paused] = 1 }, cancellationToken);

    public Task ResumeAsync(string queue, string who, CancellationToken cancellationToken = default) =>
        ApplyAsync(queue, who, "resume", lasting: null, new() { [ChangedSetting.Paused] = 0 }, cancellationToken);

    public Task ResetAsync(string queue, string who, CancellationToken cancellationToken = default) =>
        ApplyAsync(queue, who, "reset", lasting: null, new() { [ChangedSetting.Concurrency] = null, [ChangedSetting.Prefetch] = null }, cancellationToken);

    public Task ChangeAsync(string queue, string who, int? concurrency, int? prefetch, bool lasting, CancellationToken cancellationToken = default)
    {
        var values = new Dictionary<ChangedSetting, int?>();
        Take(ChangedSetting.Concurrency, concurrency, SettingsInForce.MaxConcurrency);
        Take(ChangedSetting.Prefetch, prefetch, SettingsInForce.MaxPrefetch);
        if (concurrency is not null && Find(queue)?.Settings.Order == QueueOrder.OneAtATime)
        {
            throw new ReliableMqException($"The concurrency of the queue \"{queue}\" cannot be changed: its messages are handled one at a time. Take that out of its handlers, or use QueueOrder.ByKey.");
        }

        return values.Count == 0
            ? throw new ReliableMqException($"Nothing was said to change of the queue \"{queue}\". Give a concurrency, a prefetch or both.")
            : ApplyAsync(queue, who, "change", lasting, values, cancellationToken);

        void Take(ChangedSetting setting, int? value, int most)
        {
            if (value < 1 || value > most)
            {
                throw new ReliableMqException($"The {setting.ToString().ToLowerInvariant()} of the queue \"{queue}\" cannot be {value}. Use 1 to {most}.");
            }

            if (value is not null)
            {
                values.Add(setting, value);
            }
        }
    }

    private QueueConsumer? Find(string queue) => Handling.FirstOrDefault(consumer => consumer.Queue == queue);

    /// <param name="queue">The queue.</param>
    /// <param name="who">For the audit.</param>
    /// <param name="action">For the audit.</param>
    /// <param name="lasting">Null ends what was said before, whether it was to last or not.</param>
    /// <param name="values">What to set.</param>
    /// <param name="cancellationToken">Ends the asking.</param>
    private async Task ApplyAsync(string queue, string who, string action, bool? lasting, Dictionary<ChangedSetting, int?> values, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(queue);
        ArgumentException.ThrowIfNullOrWhiteSpace(who);
        if (Find(queue) is not { } consumer)
        {
            await ApplyElsewhereAsync(queue, who, action, lasting, values, cancellationToken);
        }
        else if (host!.WatchOf(consumer) is { } watch)
        {
            // Makes the queue known where the consumer has not begun yet; else nothing would be changed.
            await watch.ReadAsync(cancellationToken);
            await watch.Table.ChangeAsync(queue, who, action, lasting, values, cancellationToken);
            await watch.ReadAsync(cancellationToken);
        }
        else if (lasting == true)
        {
            throw new ReliableMqException($"A change of the queue \"{queue}\" cannot last, because its handlers have no database. Change it for this process only, or change its configuration.");
        }
        else
        {
            consumer.Change(values, time.GetUtcNow());
        }
    }

    /// <summary>Another process consumes it: whoever has the queue follows its database.</summary>
    private async Task ApplyElsewhereAsync(string queue, string who, string action, bool? lasting, Dictionary<ChangedSetting, int?> values, CancellationToken cancellationToken)
    {
        foreach (var database in databases.Ready)
        {
            if (await new SettingChangeTable(database).ChangeAsync(queue, who, action, lasting, values, cancellationToken))
            {
                return;
            }
        }

        var known = Handling.Select(consumer => $"\"{consumer.Queue}\"").DefaultIfEmpty("none");
        throw new ReliableMqException($"The queue \"{queue}\" cannot be changed: no process of this service has consumed it with an inbox. Correct the name, or, where its handlers have no database, change it in the process that consumes it. Queues of this process: {string.Join(", ", known)}.");
    }
}

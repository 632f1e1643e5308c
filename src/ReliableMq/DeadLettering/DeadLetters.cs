using System.Runtime.CompilerServices;
using System.Text.Json;
using ReliableMq.Outbox;
using ReliableMq.Storage;

namespace ReliableMq.DeadLettering;

/// <summary>The dead letters of the service's inbox databases, one after the other, a page at a time.</summary>
internal sealed class DeadLetters(ServiceDatabases databases, ReplayHost? replays) : IDeadLetters
{
    private const int PageSize = 200;
    private const int MostPerSecond = 10_000;

    public async IAsyncEnumerable<DeadLetter> ListAsync(DeadLetterFilter? filter = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        foreach (var database in Inboxes())
        {
            var table = new DeadLetterTable(database);
            DeadLetterPosition? after = DeadLetterPosition.Start;
            while (after is { } last)
            {
                (var page, after) = await table.ReadPageAsync(filter ?? new(), last, PageSize, cancellationToken);
                foreach (var deadLetter in page)
                {
                    yield return deadLetter;
                }
            }
        }
    }

    public async Task ReplayAsync(DeadLetterId deadLetter, string who, ReplayOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(deadLetter);
        ArgumentException.ThrowIfNullOrWhiteSpace(who);
        options ??= new();
        foreach (var header in options.Headers.Keys.Where(header => header.StartsWith(MessageHeaders.Prefix, StringComparison.OrdinalIgnoreCase)))
        {
            throw new ReliableMqException($"The header \"{header}\" cannot be changed. Names that begin with \"{MessageHeaders.Prefix}\" are ReliableMq's own.");
        }

        foreach (var header in options.Headers.Where(header => header.Value is not null && !MessageFactory.CanBeSent(header.Key)).Select(header => header.Key))
        {
            throw new ReliableMqException($"The header \"{header}\" cannot be sent. Use 1 to {MessageNames.MaxShortStringBytes} bytes of UTF-8; \"CC\" and \"BCC\" belong to the broker.");
        }

        foreach (var database in Inboxes())
        {
            if (await new DeadLetterTable(database).TryReplayAsync(deadLetter, who, options, cancellationToken))
            {
                return;
            }
        }

        throw new ReliableMqException($"There is no dead letter \"{deadLetter.MessageId}\" of the queue \"{deadLetter.Queue}\" with the epoch {deadLetter.Epoch}. Look at the list.");
    }

    public async Task<IReadOnlyList<Replay>> ReplayAsync(DeadLetterFilter filter, string who, ReplayManyOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(filter);
        ArgumentException.ThrowIfNullOrWhiteSpace(who);
        options ??= new();
        if (options.PerSecond is < 1 or > MostPerSecond)
        {
            throw new ReliableMqException($"PerSecond is {options.PerSecond}. Use 1 to {MostPerSecond}.");
        }

        if (filter.State == DeadLetterState.Replayed)
        {
            throw new ReliableMqException("State is Replayed, but what was replayed cannot be replayed again. Choose those that wait or were discarded; one that died again is among them.");
        }

        var begun = new List<Replay>();
        foreach (var database in Inboxes())
        {
            begun.Add(await new DeadLetterTable(database).BeginReplayAsync(filter, who, options, cancellationToken));
        }

        // Elsewhere they are looked for now and then.
        replays?.Wake();
        return begun;
    }

    public async Task<IReadOnlyList<Replay>> ListReplaysAsync(CancellationToken cancellationToken = default)
    {
        var all = new List<Replay>();
        foreach (var database in Inboxes())
        {
            all.AddRange(await new DeadLetterTable(database).ListReplaysAsync(cancellationToken));
        }

        return all;
    }

    public async Task CancelReplayAsync(ReplayId replay, string who, string? reason = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(replay);
        ArgumentException.ThrowIfNullOrWhiteSpace(who);
        if (Inboxes().FirstOrDefault(inbox => inbox.Name == replay.Inbox) is { } database && await new DeadLetterTable(database).TryCancelReplayAsync(replay.Number, who, reason, cancellationToken))
        {
            return;
        }

        throw new ReliableMqException($"There is no replay {replay.Number} of \"{replay.Inbox}\". Look at the list.");
    }

    public async Task<long> DiscardAsync(DeadLetterFilter filter, string who, string reason, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(filter);
        ArgumentException.ThrowIfNullOrWhiteSpace(who);
        ArgumentException.ThrowIfNullOrWhiteSpace(reason);
        if (filter.State != DeadLetterState.Waiting)
        {
            throw new ReliableMqException($"State is {filter.State?.ToString() ?? "null (any)"}, but only what waits can be discarded. Leave it out.");
        }

        var all = 0L;
        foreach (var database in Inboxes())
        {
            var table = new DeadLetterTable(database);
            var requestedAt = await table.NowAsync(cancellationToken);
            DeadLetterPosition? after = DeadLetterPosition.Start;
            while (after is { } last)
            {
                (var count, after) = await table.DiscardBatchAsync(filter, reason, who, requestedAt, last, PageSize, cancellationToken);
                all += count;
            }
        }

        return all;
    }

    public async Task<long> ExportAsync(DeadLetterFilter? filter, Stream destination, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(destination);
        var count = 0L;
        await foreach (var deadLetter in ListAsync(filter, cancellationToken))
        {
            await JsonSerializer.SerializeAsync(destination, deadLetter, DeadLetterJson.Default.DeadLetter, cancellationToken);
            await destination.WriteAsync("\n"u8.ToArray(), cancellationToken);
            count++;
        }

        return count;
    }

    /// <summary>Inboxes over the same tables have the same dead letters.</summary>
    private IEnumerable<ServiceDatabase> Inboxes() => databases.Inboxes.Count > 0
        ? databases.Inboxes.DistinctBy(inbox => inbox.Sender)
        : throw new ReliableMqException("This service has no inbox, so it has no dead letters. Call AddReliableMq(…).AddInbox<TContext>().");
}

using Npgsql;
using ReliableMq.Dashboard.Contract;
using ReliableMq.Dashboard.Services;

namespace ReliableMq.Dashboard.Resources;

/// <summary>A row of the outbox or its history, as a message's story tells of it.</summary>
internal sealed record OutboxEntry(
    Guid Id, string MessageId, string Name, string Exchange, string RoutingKey, string? CorrelationId, string? CausationId, DateTimeOffset CreatedAt, DateTimeOffset? DueAt, int Attempts,
    string? ErrorKind, string? Error, DateTimeOffset? FailedAt, OutboxState State, DateTimeOffset? FinishedAt)
{
    public static OutboxEntry Read(NpgsqlDataReader reader) => new(
        reader.GetGuid(0), reader.GetString(1), reader.GetString(2), reader.GetString(3), reader.GetString(4), reader.Text(5), reader.Text(6), reader.Time(7), reader.TimeOrNull(8), reader.GetInt32(9),
        reader.Text(10), reader.Text(11), reader.TimeOrNull(12), Enum.Parse<OutboxState>(reader.GetString(13)), reader.TimeOrNull(14));

    public IEnumerable<StoryEntry> Tell(string service)
    {
        var row = new Reference(Resource.Outbox, service, RowId.Of(Id.ToString()));
        var isBack = Exchange.Length == 0;
        var queue = isBack ? RoutingKey : null;
        yield return new StoryEntry(
            CreatedAt, service, isBack ? StoryKind.RetryScheduled : StoryKind.Stored, isBack ? $"Stored to go back to its queue \"{RoutingKey}\"." : $"Committed to be sent to \"{Exchange}\" by \"{RoutingKey}\".", queue, row, isBack ? StoryCode.GoesBack : StoryCode.Committed, isBack ? [RoutingKey] : [Exchange, RoutingKey]);
        if (State == OutboxState.Scheduled)
        {
            yield return new StoryEntry(DueAt!.Value, service, StoryKind.Due, "Due to be sent.", queue, row, StoryCode.Due);
        }

        if (Error is { } error)
        {
            yield return new StoryEntry(FailedAt ?? CreatedAt, service, StoryKind.SendFailed, $"{(FailedAt is null ? "Not sent yet" : "Waits for an operator")} after {Columns.Attempts(Attempts)}, {ErrorKind}: {Columns.FirstLine(error)}", queue, row,
                FailedAt is null ? StoryCode.NotSentYet : StoryCode.WaitsForOperator, $"{Attempts}", ErrorKind ?? "", Columns.FirstLine(error));
        }

        if (FinishedAt is { } finished)
        {
            yield return State switch
            {
                OutboxState.Expired => new StoryEntry(finished, service, StoryKind.Expired, "Expired before it could be sent.", queue, row, StoryCode.Expired),
                OutboxState.Cancelled => new StoryEntry(finished, service, StoryKind.Cancelled, "Cancelled by an operator.", queue, row, StoryCode.Cancelled),
                _ => new StoryEntry(finished, service, StoryKind.Sent, $"Confirmed by the broker{(Attempts > 1 ? $" at attempt {Attempts}" : "")}.", queue, row, Attempts > 1 ? StoryCode.ConfirmedAtAttempt : StoryCode.Confirmed, Attempts > 1 ? [$"{Attempts}"] : []),
            };
        }
    }
}

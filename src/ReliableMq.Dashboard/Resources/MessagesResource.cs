using Npgsql;
using ReliableMq.Dashboard.Api;
using ReliableMq.Dashboard.Contract;
using ReliableMq.Dashboard.Services;

namespace ReliableMq.Dashboard.Resources;

/// <summary>A message by its id across all services, and the search.</summary>
internal sealed class MessagesResource(KnownServices services) : IResource
{
    private const int MostRows = 500;
    private const int LongestExcerpt = 200;

    private static readonly Parameter<string> MessageId = Parameter.Text("id", "The message's id.") with { IsRequired = true };
    private static readonly Parameter<string> Text = Parameter.Text("q", "A message id, correlation id, name, ordering key, or a part of an error.", 300) with { IsRequired = true };

    public IEnumerable<ApiRoute> Routes =>
    [
        ApiRoute.Get("messages", "The whole life of a message, from its commit to its last effect, across all services, and what it caused.", ApiJson.Default.MessageStory, [MessageId], TellAsync),
        ApiRoute.Get("search", "Finds messages: by id, correlation id, name and ordering key exactly, by text in the errors of the newest 5,000 failing and as many dead ones of each service. Names, ordering and correlation ids of what has not left are looked for among the newest 50,000; the lists look further.", ApiJson.Default.SearchPage,
            [Text, Filters.Service, Filters.From, Filters.Until, Filters.Limit], SearchAsync),
    ];

    private async Task<MessageStory> TellAsync(ApiCall call)
    {
        var id = call.Find(MessageId)!;
        var answers = await Reading.AskAsync(services.All, (service, connection, token) => TellAsync(service, connection, id, token), call.Aborted);
        var parts = answers.All.Select(answer => answer.Value).ToList();
        var entries = parts.SelectMany(part => part.Entries).OrderBy(entry => entry.At).ToList();
        if (entries.Count == 0 && answers.Unreadable.Count == 0)
        {
            throw ApiException.NotFound($"No service knows a message \"{ApiException.Shown(id)}\". It may have been removed from the history, or its id is another.");
        }

        return new MessageStory(
            id, parts.Select(part => part.Name).FirstOrDefault(name => name is not null), parts.Select(part => part.CorrelationId).FirstOrDefault(other => other is not null),
            parts.Select(part => part.CausedBy).FirstOrDefault(other => other is not null), entries, [.. parts.SelectMany(part => part.Caused).OrderBy(caused => caused.CreatedAt)], answers.Unreadable);
    }

    private static async Task<StoryPart> TellAsync(KnownService service, NpgsqlConnection connection, string id, CancellationToken cancellationToken)
    {
        var (schema, part) = (service.Schema, new StoryPart());
        Statement ById() => new Statement().With("value", id).WithRowOf(id).With("limit", MostRows);
        var rows = await ById().ReadAsync(connection, MessagesReads.Outbox(schema, "causation_id"), OutboxEntry.Read, cancellationToken);
        foreach (var row in rows.Where(row => row.MessageId == id))
        {
            part.Name ??= row.Name;
            part.CorrelationId ??= row.CorrelationId;
            part.CausedBy ??= row.CausationId;
            part.Entries.AddRange(row.Tell(service.Name));
        }

        // A retry carries on what caused its message.
        part.Caused.AddRange(rows.Where(row => row.MessageId != id && row.Exchange.Length > 0).Select(row => new CausedMessage(service.Name, row.MessageId, row.Name, row.State, row.CreatedAt)));

        await ById().ReadAsync(connection, MessagesReads.Failure(schema), reader =>
        {
            var (queue, state) = (reader.GetString(0), reader.GetString(4));
            var row = new Reference(Resource.Inbox, service.Name, RowId.Of(queue, id));
            if (reader.GetInt32(3) > 0 && state is "failing" or "scheduled")
            {
                var why = Columns.FirstLine(reader.Text(7) ?? reader.Text(6) ?? "for an unknown reason");
                part.Entries.Add(new StoryEntry(reader.Time(9), service.Name, StoryKind.AttemptFailed, $"Attempt {reader.GetInt32(3)} failed: {why}", queue, row, StoryCode.AttemptFailed, $"{reader.GetInt32(3)}", why));
            }

            if (state is "failing" or "scheduled" && reader.TimeOrNull(5) is { } next)
            {
                part.Entries.Add(new StoryEntry(next, service.Name, StoryKind.RetryScheduled, "The next attempt.", queue, row, StoryCode.NextAttempt));
            }

            return 0;
        }, cancellationToken);
        await ById().ReadAsync(connection, MessagesReads.DeadLetters(schema), reader =>
        {
            var (queue, epoch) = (reader.GetString(0), reader.GetInt32(2));
            part.Name ??= reader.GetString(3);
            part.CorrelationId ??= reader.Text(9);
            var row = new Reference(Resource.DeadLetters, service.Name, RowId.Of(queue, id, $"{epoch}"));
            part.Entries.Add(new StoryEntry(reader.Time(6), service.Name, StoryKind.DeadLettered, $"Given up after {Columns.Attempts(reader.GetInt32(5))}: {reader.GetString(4)}", queue, row, StoryCode.GivenUp, $"{reader.GetInt32(5)}", reader.GetString(4)));
            if (reader.TimeOrNull(7) is { } discarded)
            {
                part.Entries.Add(new StoryEntry(discarded, service.Name, StoryKind.Discarded, "Discarded by an operator.", queue, row, StoryCode.Discarded));
            }

            if (reader.TimeOrNull(8) is { } replayed)
            {
                part.Entries.Add(new StoryEntry(replayed, service.Name, StoryKind.Replayed, "Replayed by an operator.", queue, row, StoryCode.Replayed));
            }

            return 0;
        }, cancellationToken);
        await ById().ReadAsync(connection, MessagesReads.Parked(schema), reader =>
        {
            part.Name ??= reader.GetString(4);
            part.CorrelationId ??= reader.Text(5);
            part.Entries.Add(new StoryEntry(
                reader.Time(3), service.Name, StoryKind.Parked, $"Waits behind another message of its ordering key \"{reader.GetString(2)}\".", reader.GetString(0), new Reference(Resource.Parked, service.Name, RowId.Of(reader.GetString(0), id)),
                StoryCode.WaitsBehindKey, reader.GetString(2)));
            return 0;
        }, cancellationToken);
        await ById().ReadAsync(connection, MessagesReads.Inbox(schema), reader =>
        {
            part.Entries.Add(new StoryEntry(reader.Time(3), service.Name, StoryKind.Handled, "Handled.", reader.GetString(0), new Reference(Resource.Inbox, service.Name, RowId.Of(reader.GetString(0), id)), StoryCode.Handled));
            return 0;
        }, cancellationToken);
        return part;
    }

    private async Task<Page<SearchHit>> SearchAsync(ApiCall call)
    {
        var text = call.Find(Text)!;
        var (from, until) = (call.FindValue(Filters.From) ?? DateTimeOffset.UnixEpoch, call.FindValue(Filters.Until) ?? new DateTimeOffset(8000, 1, 1, 0, 0, 0, TimeSpan.Zero));
        var answers = await Reading.AskAsync(services.Select(call.Find(Filters.Service)), async (service, connection, token) =>
        {
            var hits = new List<SearchHit>();
            var (schema, name) = (service.Schema, service.Name);
            Statement Statement() => new Statement().With("value", text).WithRowOf(text).With("limit", call.Limit).With("from", from).With("until", until);
            hits.AddRange((await Statement().ReadAsync(connection, MessagesReads.Outbox(schema, "correlation_id"), OutboxEntry.Read, token)).Select(row => new SearchHit(
                new Reference(Resource.Outbox, name, RowId.Of(row.Id.ToString())), row.MessageId, row.Name, row.Exchange.Length == 0 ? row.RoutingKey : null, Word(row.State.ToString()), row.CreatedAt,
                row.MessageId == text ? "messageId" : "correlationId", null)));

            hits.AddRange(await Statement().ReadAsync(connection, MessagesReads.OutboxByText(schema), reader => new SearchHit(
                new Reference(Resource.Outbox, name, RowId.Of(reader.GetGuid(0).ToString())), reader.GetString(1), reader.GetString(2), null, reader.GetString(5), reader.Time(4), reader.GetString(6), Excerpt(reader.Text(7), text)), token));
            hits.AddRange(await Statement().ReadAsync(connection, MessagesReads.Inbox(schema), reader => new SearchHit(
                new Reference(Resource.Inbox, name, RowId.Of(reader.GetString(0), reader.GetString(1))), reader.GetString(1), null, reader.GetString(0), "done", reader.Time(3), "messageId", null), token));
            hits.AddRange(await Statement().ReadAsync(connection, MessagesReads.Failure(schema), reader => new SearchHit(
                new Reference(Resource.Inbox, name, RowId.Of(reader.GetString(0), reader.GetString(1))), reader.GetString(1), null, reader.GetString(0), reader.GetString(4), reader.Time(9), "messageId", Excerpt(reader.Text(7), text)), token));
            hits.RemoveAll(hit => hit.State is "dead" or "discarded");
            hits.AddRange(await Statement().ReadAsync(connection, MessagesReads.FailingByText(schema), reader => new SearchHit(
                new Reference(Resource.Inbox, name, RowId.Of(reader.GetString(0), reader.GetString(1))), reader.GetString(1), null, reader.GetString(0), reader.GetString(2), reader.Time(3), "error", Excerpt(reader.Text(4), text)), token));
            hits.AddRange(await Statement().ReadAsync(connection, MessagesReads.DeadLetters(schema), reader => new SearchHit(
                new Reference(Resource.DeadLetters, name, RowId.Of(reader.GetString(0), reader.GetString(1), $"{reader.GetInt32(2)}")), reader.GetString(1), reader.GetString(3), reader.GetString(0), Dead(reader.TimeOrNull(7), reader.TimeOrNull(8)), reader.Time(6),
                "messageId", Excerpt(reader.GetString(4), text)), token));
            hits.AddRange(await Statement().ReadAsync(connection, MessagesReads.DeadByText(schema), reader => new SearchHit(
                new Reference(Resource.DeadLetters, name, RowId.Of(reader.GetString(0), reader.GetString(1), $"{reader.GetInt32(2)}")), reader.GetString(1), reader.GetString(3), reader.GetString(0), Dead(reader.TimeOrNull(6), reader.TimeOrNull(7)), reader.Time(4),
                reader.GetString(8), Excerpt(reader.Text(5), text)), token));
            return hits;
        }, call.Aborted);
        // What has several reasons to be found is shown with the best of them.
        var all = answers.All.SelectMany(answer => answer.Value).Where(hit => hit.At >= from && hit.At < until).DistinctBy(hit => hit.Row).OrderByDescending(hit => hit.At).Take(call.Limit);
        return new Page<SearchHit>([.. all], null, answers.Unreadable);
    }

    private static string Dead(DateTimeOffset? discarded, DateTimeOffset? replayed) => replayed is not null ? "replayed" : discarded is not null ? "discarded" : "waiting";

    private static string Word(string state) => state.ToLowerInvariant();

    /// <summary>The surroundings of what was looked for.</summary>
    private static string? Excerpt(string? text, string looked)
    {
        if (text is null)
        {
            return null;
        }

        var start = Math.Max(0, text.IndexOf(looked, StringComparison.OrdinalIgnoreCase) - LongestExcerpt / 4);
        return text.Substring(start, Math.Min(LongestExcerpt, text.Length - start));
    }

    /// <summary>What one service knows of a message.</summary>
    private sealed class StoryPart
    {
        public string? Name { get; set; }

        public string? CorrelationId { get; set; }

        public string? CausedBy { get; set; }

        public List<StoryEntry> Entries { get; } = [];

        public List<CausedMessage> Caused { get; } = [];
    }
}

using System.ComponentModel;
using System.Text.Json.Serialization;

namespace ReliableMq.Dashboard.Contract;

[JsonConverter(typeof(Words<OutboxState>))]
internal enum OutboxState { Pending, Scheduled, Retrying, Failed, Sent, Expired, Cancelled }

internal sealed record OutboxItem(
    string Service,
    [property: Description("Of the row; a message id is not unique in an outbox.")] string Id,
    string MessageId, string Name, OutboxState State,
    [property: Description("Empty for a retry or replay that goes back to the queue `routingKey`.")] string Exchange,
    string RoutingKey, string? OrderingKey, string? CorrelationId, string? CausationId,
    DateTimeOffset CreatedAt, DateTimeOffset? DueAt, DateTimeOffset? ExpiresAt,
    [property: Description("Null while it waits behind its ordering key or for an operator, or has left.")] DateTimeOffset? NextAttemptAt,
    DateTimeOffset? FinishedAt, int Attempts,
    [property: Description("`returned`, `nacked`, `timed out` or `refused`.")] string? ErrorKind,
    string? Error, long Size);

internal sealed record OutboxDetail(
    OutboxItem Row, string ContentType, IReadOnlyDictionary<string, string> Headers, string? Traceparent, string? ReplyTo, int? Priority);

internal sealed record OutboxCounts(Count Pending, Count Scheduled, Count Retrying, Count Failed, Count Sent, Count Expired, Count Cancelled);

[JsonConverter(typeof(Words<InboxState>))]
internal enum InboxState { Handling, Failing, Scheduled, Done }

internal sealed record InboxItem(
    string Service,
    [property: Description("Of the row.")] string Id,
    string Queue, string MessageId, InboxState State, int Epoch, int Attempts,
    DateTimeOffset? NextAttemptAt, string? ErrorType, string? Error, DateTimeOffset? FirstFailedAt, DateTimeOffset? LastFailedAt,
    DateTimeOffset? HandledAt, string? OrderingKey);

internal sealed record InboxCounts(
    [property: Description("Handlers that run in the process that serves the dashboard; other processes do not tell.")] Count Handling,
    Count Failing, Count Scheduled, Count Done);

internal sealed record ParkedItem(
    string Service, string Id, string Queue, string OrderingKey, string MessageId, string Name, string? WaitsFor, DateTimeOffset ParkedAt, string? CorrelationId);

internal sealed record GoOnRequest(string Service, string Queue, string OrderingKey);

[JsonConverter(typeof(Words<DeadLetterWhat>))]
internal enum DeadLetterWhat { Waiting, Discarded, Replayed }

internal sealed record DeadLetterItem(
    string Service,
    [property: Description("Of the row.")] string Id,
    string Queue, string MessageId, int Epoch, string Name, DeadLetterWhat State, string Reason, string? ErrorType,
    [property: Description("The first line.")] string? Error,
    int Attempts, DateTimeOffset DeadAt, DateTimeOffset? DiscardedAt, DateTimeOffset? ReplayedAt, string? CorrelationId, long Size);

internal sealed record DeadLetterDetail(
    DeadLetterItem DeadLetter, string? ContentType, string Exchange, string RoutingKey, string? ReplyTo, int? Priority,
    IReadOnlyDictionary<string, string> Headers,
    [property: Description("What the broker says of its deaths, the newest first.")] IReadOnlyList<Death> Deaths,
    [property: Description("What is known of its attempts, the newest first.")] IReadOnlyList<Attempt> AttemptHistory);

internal sealed record Death(string? Queue, string? Reason, long? Count, DateTimeOffset? At, string? Exchange, IReadOnlyList<string> RoutingKeys);

internal sealed record Attempt(int Number, DateTimeOffset? At, string? ErrorType, [property: Description("With its stack.")] string? Error);

internal sealed record DeadLetterGroup(
    string Service, string Queue, string? ErrorType, Count Count, DateTimeOffset FirstDeadAt, DateTimeOffset LastDeadAt,
    [property: Description("Of the newest.")] string Reason,
    [property: Description("How many died in each of the last 24 hours, the oldest first.")] IReadOnlyList<long> Trend);

internal sealed record ReplayManyRequest(
    string Service, IReadOnlyList<string>? Ids = null, IReadOnlyDictionary<string, string>? Filter = null, long? ExpectedCount = null,
    [property: Description("With a filter: how many are sent in a second at most, 1 to 10,000; 100 if not given.")] int? PerSecond = null,
    [property: Description("Whether one may be older than what the inbox remembers.")] bool BeyondHorizon = false,
    [property: Description("Whether `…/matching` counted 100,000 with `isAtLeast`: then all that match are meant, however many.")] bool IsAtLeast = false);

internal sealed record ReplayOneRequest(
    [property: Description("Another body as text; null as it came. Not with `base64`.")] string? Text = null,
    [property: Description("Another body as bytes.")] string? Base64 = null,
    [property: Description("Headers to set; null removes one.")] IReadOnlyDictionary<string, string?>? Headers = null,
    bool BeyondHorizon = false);

internal sealed record ReplayStarted(
    ActionResult Result,
    [property: Description("What goes on in the background; null where all was done at once.")] ReplayItem? Replay);

internal sealed record ReplayItem(
    string Service, string Id, string Who, DateTimeOffset RequestedAt, long Replayed, long Refused, string? Refusal, DateTimeOffset? FinishedAt, bool IsCancelled);

internal sealed record MessageStory(
    string MessageId, string? Name, string? CorrelationId,
    [property: Description("The message in whose handling it was stored.")] string? CausedBy,
    [property: Description("The oldest first.")] IReadOnlyList<StoryEntry> Entries,
    IReadOnlyList<CausedMessage> Caused,
    IReadOnlyList<Unreadable> Unreadable);

[JsonConverter(typeof(Words<StoryKind>))]
internal enum StoryKind { Stored, Due, SendFailed, Sent, Expired, Cancelled, AttemptFailed, RetryScheduled, Parked, DeadLettered, Discarded, Replayed, Handled, Changed }

internal sealed record StoryEntry(
    DateTimeOffset At, string Service, StoryKind Kind,
    [property: Description("In one sentence.")] string Text,
    string? Queue,
    [property: Description("What it tells of: a row of `resource`, by its id.")] Reference? Row,
    [property: Description("Which sentence `text` is, for other languages.")] StoryCode Code,
    [property: Description("What stands in that sentence, in its order.")] params IReadOnlyList<string> Values);

[JsonConverter(typeof(Words<StoryCode>))]
internal enum StoryCode { Committed, GoesBack, Due, NotSentYet, WaitsForOperator, Expired, Cancelled, Confirmed, ConfirmedAtAttempt, AttemptFailed, NextAttempt, GivenUp, Discarded, Replayed, WaitsBehindKey, Handled }

internal sealed record Reference(Resource Resource, string Service, string Id);

[JsonConverter(typeof(Words<Resource>))]
internal enum Resource { Outbox, Inbox, DeadLetters, Parked }

internal sealed record CausedMessage(string Service, string MessageId, string Name, OutboxState State, DateTimeOffset CreatedAt);

internal sealed record SearchHit(
    Reference Row, string MessageId, string? Name, string? Queue,
    [property: Description("The state of its resource.")] string State,
    DateTimeOffset At,
    [property: Description("Which field matched: `messageId`, `correlationId`, `name`, `orderingKey` or `error`.")] string Matched,
    string? Excerpt);

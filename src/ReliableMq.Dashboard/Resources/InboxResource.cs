using Npgsql;
using ReliableMq.Dashboard.Api;
using ReliableMq.Dashboard.Contract;
using ReliableMq.Dashboard.Security;
using ReliableMq.Dashboard.Services;

namespace ReliableMq.Dashboard.Resources;

/// <summary>Messages that were handled, or whose handling fails, or that wait behind one that fails.</summary>
internal sealed class InboxResource(KnownServices services) : IResource
{
    private const int MostCounted = 10_000;
    private const int BatchSize = 500;
    private static readonly Parameter[] Matching = [Filters.InboxState, Filters.Queue, Filters.MessageId, Filters.OrderingKey, Filters.ErrorType, Filters.ErrorText, Filters.From, Filters.Until];

    public IEnumerable<ApiRoute> Routes =>
    [
        ApiRoute.Get("inbox", "Messages whose handling failed and is tried again, or that are done; newest first.", ApiJson.Default.InboxPage, Filters.Paged(Matching), ListAsync),
        ApiRoute.Get("inbox/counts", "How many there are in each state.", ApiJson.Default.InboxCounts, [Filters.Service, Filters.Queue], CountAsync),
        ApiRoute.Get("inbox/matching", "How many an action with this filter would be for: all are looked at, and up to 100,000 counted.", ApiJson.Default.Count, [Filters.OneService, .. Matching], CountMatchingAsync),
        ApiRoute.Get("inbox/{service}/{id}", "One of them, with its whole error.", ApiJson.Default.InboxItem, [], OneAsync),
        ApiRoute.Post("inbox/retry-now", "Offers scheduled retries at once.", ApiJson.Default.ActionRequest, ApiJson.Default.ActionResult, RetryNowAsync),
        ApiRoute.Get("parked", "Messages of ordered queues that wait behind one that fails, key after key.", ApiJson.Default.ParkedPage, Filters.Paged(Filters.Queue, Filters.OrderingKey), ListParkedAsync),
        ApiRoute.Post("parked/go-on", "Lets the messages of a key go on without the one they wait for.", ApiJson.Default.GoOnRequest, ApiJson.Default.ActionResult, GoOnAsync),
    ];

    private Task<Page<InboxItem>> ListAsync(ApiCall call)
    {
        var state = call.FindValue(Filters.InboxState);
        return Paging.ReadAsync(services.Select(call.Find(Filters.Service)), call.Find(Filters.Cursor), call.Limit, async (service, connection, after, limit, token) =>
        {
            var isDone = state is InboxState.Done;
            var statement = Filter(service.Schema, call.Values, state).With("limit", limit);
            if (after.Length > 0)
            {
                var (table, time) = isDone ? ("i", "handled_at") : ("f", "last_failed_at");
                statement.Where($"{table}.{time} <= @after_at AND ({table}.{time}, {table}.queue, {table}.message_id) < (@after_at, @after_queue, @after_id)")
                    .With("after_at", Columns.Ticks(after[0])).With("after_queue", after[1]).With("after_id", after[2]);
            }

            // Which message a handler works at stands nowhere before it ends.
            return state is InboxState.Handling ? [] : await statement.ReadAsync(
                connection, isDone ? InboxReads.Done(service.Schema, statement.Conditions) : InboxReads.Failing(service.Schema, statement.Conditions), reader =>
            {
                var item = InboxReads.Item(service.Name, reader);
                var at = (item.HandledAt ?? item.LastFailedAt)!.Value;
                return new Listed<InboxItem>(item, at, [at.Key(), item.Queue, item.MessageId]);
            }, token);
        }, call.Aborted);
    }

    private async Task<InboxCounts> CountAsync(ApiCall call)
    {
        var queue = call.Find(Filters.Queue);
        var answers = await Reading.AskAsync(services.Select(call.Find(Filters.Service)), async (service, connection, token) =>
        {
            var failing = new Statement().Where("f.queue = @queue", "queue", queue);
            var (now, scheduled, isPart) = (await failing.ReadAsync(connection, InboxReads.CountFailing(service.Schema, failing.Conditions), reader => (reader.GetInt64(0), reader.GetInt64(1), reader.GetBoolean(2)), token))[0];
            var done = queue is null
                ? new Count((await new Statement().ReadAsync(connection, InboxReads.EstimateDone(service.Schema), reader => reader.GetInt64(0), token))[0], IsEstimate: true)
                : Counts.UpTo(MostCounted, (await new Statement().With("queue", queue).With("limit", MostCounted + 1).ReadAsync(connection, InboxReads.CountDone(service.Schema), reader => reader.GetInt64(0), token))[0]);
            return (Failing: Counts.UpTo(long.MaxValue, now, isPart), Scheduled: Counts.UpTo(long.MaxValue, scheduled, isPart), Done: done);
        }, call.Aborted);
        var handling = services.Select(call.Find(Filters.Service)).Where(service => service.IsOwn).SelectMany(service => service.Tables.Consumers.List()).Where(consumer => queue is null || consumer.Queue == queue).Sum(consumer => consumer.Handling);
        return new InboxCounts(
            Count.Exact(handling), Counts.Sum(answers, one => one.Failing), Counts.Sum(answers, one => one.Scheduled), Counts.Sum(answers, one => one.Done));
    }

    private Task<Count> CountMatchingAsync(ApiCall call)
    {
        var service = services.Get(call.Find(Filters.OneService)!);
        return service.UseAsync(connection => CountMatchingAsync(service, connection, call.Values, Confirmation.MostCounted, call.Aborted), call.Aborted);
    }

    private static async Task<Count> CountMatchingAsync(KnownService service, NpgsqlConnection connection, ParameterValues values, long most, CancellationToken cancellationToken)
    {
        var state = values.FindValue(Filters.InboxState);
        if (state is InboxState.Done or InboxState.Handling)
        {
            throw ApiException.Malformed("state", "Only what fails can be tried again. Give the state failing or scheduled, or none.");
        }

        var statement = Filter(service.Schema, values, state).With("limit", most + 1);
        return Counts.UpTo(most, (await statement.ReadAsync(connection, InboxReads.CountMatching(service.Schema, statement.Conditions), reader => reader.GetInt64(0), cancellationToken))[0]);
    }

    private Task<InboxItem> OneAsync(ApiCall call)
    {
        var service = services.Get(call.Segment("service"));
        var key = RowId.Read(call.Segment("id"), 2);
        return service.UseAsync(async connection =>
        {
            foreach (var sql in new[] { InboxReads.OneFailing(service.Schema), InboxReads.OneDone(service.Schema) })
            {
                var found = await new Statement().With("queue", key[0]).With("message_id", key[1]).With("limit", 1).ReadAsync(connection, sql, reader => InboxReads.Item(service.Name, reader, wholeError: true), call.Aborted);
                if (found is [var item])
                {
                    return item;
                }
            }

            throw RowId.Unknown(call.Segment("id"));
        }, call.Aborted);
    }

    private async Task<ActionResult> RetryNowAsync(ApiCall call, ActionRequest request)
    {
        Confirmation.RequireOne(request.Ids, request.Filter, request.ExpectedCount);
        var service = services.Get(request.Service);
        return await service.UseAsync(connection => request.Ids is { } ids
            ? RetryNowAsync(call, service, connection, [.. ids.Select(id => RowId.Read(id, 2)).Select(key => (key[0], key[1])).Distinct()], request.Reason)
            : RetryMatchingNowAsync(call, service, connection, request), call.Aborted);
    }

    /// <summary>A batch at a time, each with its audit; what fails from now on was not seen.</summary>
    private static async Task<ActionResult> RetryMatchingNowAsync(ApiCall call, KnownService service, NpgsqlConnection connection, ActionRequest request)
    {
        var values = Confirmation.Read(request.Filter!, Matching);
        var state = values.FindValue(Filters.InboxState);
        if (state is InboxState.Done or InboxState.Handling)
        {
            throw ApiException.Malformed("filter.state", "Only what fails can be tried again. Give the state failing or scheduled, or none.");
        }

        await Confirmation.RequireExpectedAsync(
            request.ExpectedCount!.Value, request.IsAtLeast, isFinal: false, most => CountMatchingAsync(service, connection, values, most, call.Aborted));
        var (sum, last) = (new ActionResult(0, 0, null), ((DateTimeOffset At, string Queue, string MessageId)?)null);
        while (true)
        {
            var statement = Filter(service.Schema, values, state).With("limit", BatchSize).Where(last is null
                ? "f.last_failed_at <= clock_timestamp()" : "(f.last_failed_at, f.queue, f.message_id) < (@after_at, @after_queue, @after_id)");
            if (last is { } after)
            {
                statement.With("after_at", after.At).With("after_queue", after.Queue).With("after_id", after.MessageId);
            }

            var batch = await statement.ReadAsync(connection, InboxReads.Failing(service.Schema, statement.Conditions), reader => (At: reader.Time(9), Queue: reader.GetString(0), MessageId: reader.GetString(1)), call.Aborted);
            if (batch.Count == 0)
            {
                return sum;
            }

            ActionResult result;
            try
            {
                result = await RetryNowAsync(call, service, connection, [.. batch.Select(row => (row.Queue, row.MessageId))], request.Reason);
            }
            catch (Exception exception) when (sum.Done > 0 && !call.Aborted.IsCancellationRequested && exception is NpgsqlException or TimeoutException)
            {
                return sum with { Refused = sum.Refused + batch.Count, Refusal = OutboxActions.Ended(exception) };
            }

            sum = new ActionResult(sum.Done + result.Done, sum.Refused + result.Refused, result.Refusal ?? sum.Refusal);
            last = batch[^1];
        }
    }

    private static async Task<ActionResult> RetryNowAsync(ApiCall call, KnownService service, NpgsqlConnection connection, List<(string Queue, string MessageId)> keys, string? reason)
    {
        var rows = await new Statement().With("queues", [.. keys.Select(key => key.Queue)]).With("message_ids", [.. keys.Select(key => key.MessageId)])
            .ReadAsync(connection, InboxReads.CopiesOf(service.Schema), reader => reader.GetGuid(0), call.Aborted);
        var done = rows.Count == 0 ? 0 : await service.Tables.PendingMessages.SendNowAsync(new PendingMessageFilter { Rows = rows }, Caller.Of(call.Http), reason, call.Aborted);
        return new ActionResult(done, Math.Max(0, keys.Count - done), done < keys.Count ? "Its retry is short and waits in its consumer, or it is on its way." : null);
    }

    private Task<Page<ParkedItem>> ListParkedAsync(ApiCall call) =>
        Paging.ReadAsync(services.Select(call.Find(Filters.Service)), call.Find(Filters.Cursor), call.Limit, (service, connection, after, limit, token) =>
        {
            var statement = new Statement().With("limit", limit)
                .Where("p.queue = @queue", "queue", call.Find(Filters.Queue))
                .Where("p.ordering_key = @ordering_key", "ordering_key", call.Find(Filters.OrderingKey));
            if (after.Length > 0)
            {
                statement.Where("(p.queue, p.ordering_key, p.position) > (@after_queue, @after_key, @after_position)")
                    .With("after_queue", after[0]).With("after_key", after[1]).With("after_position", long.Parse(after[2], System.Globalization.CultureInfo.InvariantCulture));
            }

            return statement.ReadAsync(connection, InboxReads.Parked(service.Schema, statement.Conditions), reader =>
            {
                var item = new ParkedItem(
                    service.Name, RowId.Of(reader.GetString(0), reader.GetString(3)), reader.GetString(0), reader.GetString(1), reader.GetString(3), reader.GetString(4), reader.Text(7), reader.Time(5), reader.Text(6));
                // Service after service: their order is not that of time.
                return new Listed<ParkedItem>(item, DateTimeOffset.UnixEpoch, [item.Queue, item.OrderingKey, reader.GetInt64(2).ToString(System.Globalization.CultureInfo.InvariantCulture)]);
            }, token);
        }, call.Aborted);

    private async Task<ActionResult> GoOnAsync(ApiCall call, GoOnRequest request)
    {
        var service = services.Get(request.Service);
        var done = await service.Tables.ParkedMessages.GoOnAsync(request.Queue, request.OrderingKey, Caller.Of(call.Http), call.Aborted);
        return new ActionResult(done ? 1 : 0, done ? 0 : 1, done ? null : $"No message of the key \"{request.OrderingKey}\" is parked in \"{request.Queue}\".");
    }

    private static Statement Filter(string schema, ParameterValues values, InboxState? state)
    {
        var isDone = state is InboxState.Done;
        var (table, time) = isDone ? ("i", "handled_at") : ("f", "last_failed_at");
        var statement = new Statement()
            .Where($"{table}.queue = @queue", "queue", values.Find(Filters.Queue))
            .Where($"{table}.message_id = @message_id", "message_id", values.Find(Filters.MessageId))
            .Where($"{table}.{time} >= @from", "from", values.FindValue(Filters.From))
            .Where($"{table}.{time} < @until", "until", values.FindValue(Filters.Until))
            // Of what is done only this is kept.
            .Where(isDone ? "@ordering_key IS NULL" : "f.ordering_key = @ordering_key", "ordering_key", values.Find(Filters.OrderingKey))
            .Where(isDone ? "@error_type IS NULL" : values.Find(Filters.ErrorType) is Filters.NoErrorType ? "@error_type IS NOT NULL AND f.error_type IS NULL" : "f.error_type = @error_type", "error_type", values.Find(Filters.ErrorType))
            .Where(isDone ? "@text IS NULL" : Columns.Holds("f.error", "@text"), "text", values.Find(Filters.ErrorText));
        if (isDone && values.Find(Filters.MessageId) is not null && values.Find(Filters.Queue) is null)
        {
            statement.Where(MessagesReads.Queues(schema, table));
        }

        return state is InboxState.Failing or InboxState.Scheduled ? statement.Where($"f.state = '{state.Value.ToString().ToLowerInvariant()}'") : statement;
    }
}

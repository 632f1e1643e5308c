using Npgsql;
using ReliableMq.Dashboard.Api;
using ReliableMq.Dashboard.Contract;
using ReliableMq.Dashboard.Security;
using ReliableMq.Dashboard.Services;

namespace ReliableMq.Dashboard.Resources;

/// <summary>Messages that wait to be sent, and those that have left.</summary>
internal sealed class OutboxResource(KnownServices services) : IResource
{
    private static readonly Parameter<string> Destination = Parameter.Text("destination", "Only those to this exchange, or to this queue by a retry or replay.");
    private static readonly Parameter<string> ErrorKind = Parameter.Text("errorKind", "Only those with this kind of error: `returned`, `nacked`, `timed out` or `refused`.");
    private static readonly Parameter[] Matching = [Filters.MessageId, Filters.Name, Filters.OrderingKey, Filters.CorrelationId, Destination, ErrorKind, Filters.ErrorText, Filters.From, Filters.Until];
    private static readonly Parameter[] OfActions = [Filters.OutboxState, .. Matching];

    public IEnumerable<ApiRoute> Routes =>
    [
        ApiRoute.Get("outbox", "Messages in the outbox, newest first, or of the history where the state is `sent`, `expired` or `cancelled`.", ApiJson.Default.OutboxPage, Filters.Paged(OfActions), ListAsync),
        ApiRoute.Get("outbox/counts", "How many there are in each state.", ApiJson.Default.OutboxCounts, [Filters.Service, .. Matching], CountAsync),
        ApiRoute.Get("outbox/matching", "How many an action with this filter would be for: all are looked at, and up to 100,000 counted.", ApiJson.Default.Count, [Filters.OneService, .. OfActions], CountMatchingAsync),
        ApiRoute.Get("outbox/{service}/{id}", "One of them.", ApiJson.Default.OutboxDetail, [], OneAsync),
        ApiRoute.Get("outbox/{service}/{id}/body", "Its body, to look at.", ApiJson.Default.BodyView, [], ViewBodyAsync, Right.SeeBodies),
        new("GET", "outbox/{service}/{id}/body/raw", Right.SeeBodies, "Its body, to keep.", DownloadBodyAsync),
        ApiRoute.Post("outbox/send-now", "Offers messages at once, whatever they wait for (hurry); attempts of failed ones count from zero.", ApiJson.Default.ActionRequest, ApiJson.Default.ActionResult,
            (call, request) => OfferAsync(call, request, (pending, filter) => pending.SendNowAsync(filter, Caller.Of(call.Http), request.Reason, call.Aborted))),
        ApiRoute.Post("outbox/cancel", "Takes messages out of the outbox unsent; the history keeps them as cancelled.", ApiJson.Default.ActionRequest, ApiJson.Default.ActionResult,
            (call, request) => OfferAsync(call, request, (pending, filter) => pending.CancelAsync(filter, Caller.Of(call.Http), request.Reason, call.Aborted))),
        ApiRoute.Post("outbox/resend", "Sends messages of the history once more, with their ids: whoever has handled one does not handle it again.", ApiJson.Default.ActionRequest, ApiJson.Default.ActionResult,
            (call, request) => OfHistoryAsync(call, request, OutboxActions.ResendAsync, isFinal: false, "It is on its way already, or is a retry or replay, which goes back to its queue by its dead letter.")),
        ApiRoute.Post("outbox/delete", "Removes messages from the history for ever. One that has not left has to be cancelled first.", ApiJson.Default.ActionRequest, ApiJson.Default.ActionResult,
            (call, request) => OfHistoryAsync(call, request, OutboxActions.DeleteAsync, isFinal: true, "What has not left has to be cancelled first.")),
    ];

    private Task<Page<OutboxItem>> ListAsync(ApiCall call)
    {
        var state = call.FindValue(Filters.OutboxState);
        var hasLeft = OutboxReads.HasLeft(state);
        var hasIndex = HasIndex(call.Values, state);
        return Paging.LookAsync<OutboxItem>(services.Select(call.Find(Filters.Service)), call.Find(Filters.Cursor), call.Limit, async (service, connection, after, limit, token) =>
        {
            var last = after.Length > 0 ? Guid.Parse(after[0]) : OutboxReads.IdAt(call.FindValue(Filters.Until) ?? DateTimeOffset.MaxValue, OutboxReads.MostClocksDiffer);
            var statement = Filter(call.Values, state).With("limit", limit).With("after", last);
            var found = Looked<OutboxItem>.Of(await statement.ReadAsync(connection, OutboxReads.Page(service.Schema, hasLeft, hasIndex, statement.Conditions), reader =>
            {
                var item = OutboxReads.Item(service.Name, reader);
                return new Listed<OutboxItem>(item, item.CreatedAt, [reader.GetGuid(0).ToString()]);
            }, token), limit);
            if (hasIndex || found.Next is not null)
            {
                return found;
            }

            var end = await new Statement().With("after", last).ReadAsync(connection, OutboxReads.LookedTo(service.Schema, hasLeft), reader => (Id: reader.GetGuid(0), At: reader.Time(1)), token);
            return end is [var (id, at)] ? found with { Next = [id.ToString()], To = at } : found;
        }, call.Aborted);
    }

    private async Task<OutboxCounts> CountAsync(ApiCall call)
    {
        var isFiltered = Array.Exists(Matching, parameter => call.Http.Request.Query.ContainsKey(parameter.Name));
        var hasIndex = HasIndex(call.Values, OutboxState.Sent);
        var answers = await Reading.AskAsync(services.Select(call.Find(Filters.Service)), async (service, connection, token) =>
        {
            var waiting = Filter(call.Values, state: null).With("after", Guid.AllBitsSet);
            return (await waiting.ReadAsync(
                connection, OutboxReads.Counts(service.Schema, waiting.Conditions, Filter(call.Values, state: null, hasLeft: true).Conditions, isFiltered, hasIndex), ReadCounts, token))[0];
        }, call.Aborted);
        return new OutboxCounts(
            Counts.Sum(answers, one => one.Pending), Counts.Sum(answers, one => one.Scheduled), Counts.Sum(answers, one => one.Retrying), Counts.Sum(answers, one => one.Failed), Counts.Sum(answers, one => one.Sent),
            Counts.Sum(answers, one => one.Expired), Counts.Sum(answers, one => one.Cancelled));

        OutboxCounts ReadCounts(NpgsqlDataReader reader)
        {
            Count UpTo(int column, bool isAtLeast = false) => Counts.UpTo(isFiltered && isAtLeast ? long.MaxValue : OutboxReads.MostCounted, reader.GetInt64(column), isAtLeast);
            var (someWait, someLeft) = (reader.GetBoolean(2), reader.GetBoolean(8));
            return new OutboxCounts(
                UpTo(0, someWait), UpTo(1, someWait), UpTo(3), UpTo(4), isFiltered ? UpTo(7, someLeft) : new Count(reader.GetInt64(7), IsEstimate: true), UpTo(5), UpTo(6));
        }
    }

    private Task<Count> CountMatchingAsync(ApiCall call)
    {
        var service = services.Get(call.Find(Filters.OneService)!);
        return service.UseAsync(connection => CountAsync(service, connection, call.Values, call.FindValue(Filters.OutboxState), Confirmation.MostCounted, call.Aborted), call.Aborted);
    }

    private static async Task<Count> CountAsync(KnownService service, NpgsqlConnection connection, ParameterValues values, OutboxState? state, long most, CancellationToken cancellationToken)
    {
        var statement = Filter(values, state).With("limit", most + 1);
        return Counts.UpTo(most, (await statement.ReadAsync(connection, OutboxReads.Count(service.Schema, OutboxReads.HasLeft(state), statement.Conditions), reader => reader.GetInt64(0), cancellationToken))[0]);
    }

    private static bool HasIndex(ParameterValues values, OutboxState? state) => OutboxReads.HasIndex(state, values.Find(Filters.MessageId) is not null, values.Find(Filters.CorrelationId) is not null);

    private Task<OutboxDetail> OneAsync(ApiCall call)
    {
        var (service, id) = Row(call);
        return service.UseAsync(async connection =>
        {
            foreach (var hasLeft in new[] { false, true })
            {
                var found = await new Statement().With("id", id).ReadAsync(connection, OutboxReads.One(service.Schema, hasLeft), reader => OutboxReads.Detail(service.Name, reader), call.Aborted);
                if (found is [var detail])
                {
                    return detail;
                }
            }

            throw RowId.Unknown(call.Segment("id"));
        }, call.Aborted);
    }

    private Task<BodyView> ViewBodyAsync(ApiCall call)
    {
        var (service, id) = Row(call);
        return service.UseAsync(async connection =>
            (await new Statement().With("id", id).ReadAsync(connection, OutboxReads.Body(service.Schema, Bodies.Shown("body")), Bodies.View, call.Aborted)) is [var body] ? body : throw RowId.Unknown(call.Segment("id")), call.Aborted);
    }

    private async Task DownloadBodyAsync(ApiCall call)
    {
        var (service, id) = Row(call);
        await call.WriteFileAsync(await service.UseAsync(async connection =>
        {
            if (await new Statement().With("id", id).ReadAsync(connection, OutboxReads.Body(service.Schema, "body, message_id"), reader => (Bytes: reader.GetFieldValue<byte[]>(1), MessageId: reader.GetString(2)), call.Aborted) is not [var body])
            {
                throw RowId.Unknown(call.Segment("id"));
            }

            await Audit.WriteAsync(connection, service.Schema, Caller.Of(call.Http), "download", $"outbox {id}", $"The body of {body.MessageId}.", call.Aborted);
            return body.Bytes;
        }, call.Aborted), "body.bin");
    }

    /// <summary>What the core does with what has not left.</summary>
    private async Task<ActionResult> OfferAsync(ApiCall call, ActionRequest request, Func<IPendingMessages, PendingMessageFilter, Task<int>> act)
    {
        Confirmation.RequireOne(request.Ids, request.Filter, request.ExpectedCount);
        var service = services.Get(request.Service);
        PendingMessageFilter filter;
        long? expected;
        if (request.Ids is { } ids)
        {
            filter = new PendingMessageFilter { Rows = [.. ids.Select(Id).Distinct()] };
            expected = filter.Rows!.Count;
        }
        else
        {
            var values = Confirmation.Read(request.Filter!, OfActions);
            var state = values.FindValue(Filters.OutboxState);
            if (OutboxReads.HasLeft(state))
            {
                throw ApiException.Malformed("filter.state", "What has left can only be sent again or deleted.");
            }

            expected = await Confirmation.RequireExpectedAsync(
                request.ExpectedCount!.Value, request.IsAtLeast, isFinal: false, most => service.UseAsync(connection => CountAsync(service, connection, values, state, most, call.Aborted), call.Aborted));
            // What is stored from now on was not seen.
            var now = await service.UseAsync(NowAsync, call.Aborted);
            filter = new PendingMessageFilter
            {
                State = state switch { OutboxState.Pending => PendingState.Pending, OutboxState.Scheduled => PendingState.Scheduled, OutboxState.Retrying => PendingState.Retrying, OutboxState.Failed => PendingState.Failed, _ => null },
                MessageId = values.Find(Filters.MessageId), MessageName = values.Find(Filters.Name), OrderingKey = values.Find(Filters.OrderingKey), CorrelationId = values.Find(Filters.CorrelationId),
                Destination = values.Find(Destination), ErrorKind = values.Find(ErrorKind), Text = values.Find(Filters.ErrorText), StoredFrom = values.FindValue(Filters.From), StoredUntil = values.FindValue(Filters.Until) is { } until && until < now ? until : now,
            };
        }

        var done = await act(service.Tables.PendingMessages, filter);
        return Result(done, expected, "It is being sent this moment, or has left.");
    }

    private static async Task<DateTimeOffset> NowAsync(NpgsqlConnection connection)
    {
        await using var command = new NpgsqlCommand("SELECT clock_timestamp()", connection);
        return new DateTimeOffset((DateTime)(await command.ExecuteScalarAsync())!);
    }

    private async Task<ActionResult> OfHistoryAsync(
        ApiCall call, ActionRequest request, Func<KnownService, NpgsqlConnection, Func<Statement>, Deed, CancellationToken, Task<(long Done, string? Error)>> act, bool isFinal, string refusal)
    {
        Confirmation.RequireOne(request.Ids, request.Filter, request.ExpectedCount);
        var service = services.Get(request.Service);
        return await service.UseAsync(async connection =>
        {
            Func<Statement> filter;
            long? expected;
            if (request.Ids is { } ids)
            {
                var rows = ids.Select(Id).Distinct().ToArray();
                expected = rows.Length;
                filter = () => new Statement().Where("o.id = ANY (@rows)").With("rows", rows);
            }
            else
            {
                var values = Confirmation.Read(request.Filter!, OfActions);
                if (values.FindValue(Filters.OutboxState) is not { } state || !OutboxReads.HasLeft(state))
                {
                    throw ApiException.Malformed("filter.state", "This is done with what has left. Give the state sent, expired or cancelled.");
                }

                expected = await Confirmation.RequireExpectedAsync(request.ExpectedCount!.Value, request.IsAtLeast, isFinal, most => CountAsync(service, connection, values, state, most, call.Aborted));
                filter = () => Filter(values, state);
            }

            var (done, error) = await act(service, connection, filter, new Deed(Caller.Of(call.Http), Target(request), request.Reason), call.Aborted);
            var result = Result(done, expected, refusal);
            // Of what was left undone nobody knows how many it were, where not all were counted.
            return error is null ? result : result with { Refused = Math.Max(1, result.Refused), Refusal = error };
        }, call.Aborted);
    }

    private static ActionResult Result(long done, long? expected, string refusal) => new(done, Math.Max(0, (expected ?? done) - done), done < expected ? refusal : null);

    private static string Target(ActionRequest request) => request.Filter is { } filter ? Confirmation.Text(filter) : string.Join(", ", request.Ids!.Take(10).Select(id => Id(id).ToString())) + (request.Ids!.Count > 10 ? ", …" : "");

    private (KnownService Service, Guid Id) Row(ApiCall call) => (services.Get(call.Segment("service")), Id(call.Segment("id")));

    private static Guid Id(string id) => Guid.TryParse(RowId.Read(id, 1)[0], out var row) ? row : throw RowId.Unknown(id);

    private static Statement Filter(ParameterValues values, OutboxState? state) => Filter(values, state, OutboxReads.HasLeft(state));

    private static Statement Filter(ParameterValues values, OutboxState? state, bool hasLeft)
    {
        var statement = new Statement();
        if (state is { } only)
        {
            statement.Where(OutboxReads.StateCondition(only));
        }

        return statement
            .Where(hasLeft ? "o.message_id = @message_id" : OutboxReads.HasMessageId("@message_id"), "message_id", values.Find(Filters.MessageId))
            .WithRowOf(values.Find(Filters.MessageId) ?? "")
            .Where("o.name = @name", "name", values.Find(Filters.Name))
            .Where("o.ordering_key = @ordering_key", "ordering_key", values.Find(Filters.OrderingKey))
            .Where("o.correlation_id = @correlation_id", "correlation_id", values.Find(Filters.CorrelationId))
            .Where("(o.exchange = @destination OR o.exchange = '' AND o.routing_key = @destination)", "destination", values.Find(Destination))
            // What has left has no errors.
            .Where(hasLeft ? "@error_kind IS NULL" : "o.error_kind = @error_kind", "error_kind", values.Find(ErrorKind))
            .Where(hasLeft ? "@text IS NULL" : Columns.Holds("o.error", "@text"), "text", values.Find(Filters.ErrorText))
            .Where("o.created_at >= @from AND o.id >= @id_from", "from", values.FindValue(Filters.From))
            .Where("o.created_at < @until AND o.id < @id_until", "until", values.FindValue(Filters.Until))
            .With("id_from", OutboxReads.IdAt(values.FindValue(Filters.From) ?? DateTimeOffset.UnixEpoch, -OutboxReads.MostClocksDiffer))
            .With("id_until", OutboxReads.IdAt(values.FindValue(Filters.Until) ?? DateTimeOffset.MaxValue, OutboxReads.MostClocksDiffer));
    }
}

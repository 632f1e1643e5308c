using System.Globalization;
using System.Text;
using Npgsql;
using ReliableMq.Dashboard.Api;
using ReliableMq.Dashboard.Contract;
using ReliableMq.Dashboard.Security;
using ReliableMq.Dashboard.Services;

namespace ReliableMq.Dashboard.Resources;

/// <summary>Messages that were given up.</summary>
internal sealed class DeadLettersResource(KnownServices services) : IResource
{
    private const int MostGroups = 200;
    private static readonly Parameter[] Matching = [Filters.DeadLetterState, Filters.Queue, Filters.MessageId, Filters.Name, Filters.ErrorType, Filters.CorrelationId, Filters.ErrorText, Filters.From, Filters.Until];

    public IEnumerable<ApiRoute> Routes =>
    [
        ApiRoute.Get("dead-letters", "Messages that were given up, newest first.", ApiJson.Default.DeadLetterPage, Filters.Paged(Matching), ListAsync),
        ApiRoute.Get("dead-letters/count", "How many match.", ApiJson.Default.Count, [Filters.Service, .. Matching], CountAsync),
        ApiRoute.Get("dead-letters/matching", "How many an action with this filter would be for: all are looked at, and up to 100,000 counted.", ApiJson.Default.Count, [Filters.OneService, .. Matching], CountMatchingAsync),
        ApiRoute.Get("dead-letters/groups", "Grouped by queue and type of exception, the largest first; at most 200 of each service, and `isCut` where one has more.", ApiJson.Default.DeadLetterGroupPage, [Filters.Service, .. Matching], GroupAsync),
        ApiRoute.Get("dead-letters/{service}/{id}", "One of them: headers, deaths, attempts with stacks.", ApiJson.Default.DeadLetterDetail, [], OneAsync),
        ApiRoute.Get("dead-letters/{service}/{id}/body", "Its body, to look at.", ApiJson.Default.BodyView, [], ViewBodyAsync, Right.SeeBodies),
        new("GET", "dead-letters/{service}/{id}/body/raw", Right.SeeBodies, "Its body, to keep.", DownloadBodyAsync),
        ApiRoute.Post("dead-letters/{service}/{id}/replay", "Sends one to its queue again, as it came or changed.", ApiJson.Default.ReplayOneRequest, ApiJson.Default.ActionResult, ReplayOneAsync),
        ApiRoute.Post("dead-letters/replay", "Sends many to their queues again: those with the ids at once, those that match a filter in the background.", ApiJson.Default.ReplayManyRequest, ApiJson.Default.ReplayStarted, ReplayAsync),
        ApiRoute.Post("dead-letters/discard", "Says that nobody will handle them. They are kept, and can still be replayed.", ApiJson.Default.ActionRequest, ApiJson.Default.ActionResult, DiscardAsync),
        new("GET", "dead-letters/export", Right.SeeBodies, "All that match as JSON, one a line, with bodies in base64.", ExportAsync) { Parameters = [Filters.OneService, .. Matching], ResponseType = "application/x-ndjson" },
        ApiRoute.Get("replays", "Replays of many, and how far they are; newest first.", ApiJson.Default.ReplayPage, Filters.Paged(), ListReplaysAsync),
        ApiRoute.Post("replays/cancel", "Ends replays where they are. What was sent stays sent.", ApiJson.Default.ActionRequest, ApiJson.Default.ActionResult, CancelReplaysAsync),
    ];

    private Task<Page<DeadLetterItem>> ListAsync(ApiCall call) =>
        Paging.LookAsync<DeadLetterItem>(services.Select(call.Find(Filters.Service)), call.Find(Filters.Cursor), call.Limit, async (service, connection, after, limit, token) =>
        {
            Statement After(Statement statement) => after.Length == 0 ? statement : statement
                .Where("(d.dead_at, d.queue, d.message_id, d.epoch) < (@after_at, @after_queue, @after_id, @after_epoch)")
                .With("after_at", Columns.Ticks(after[0])).With("after_queue", after[1]).With("after_id", after[2]).With("after_epoch", int.Parse(after[3], CultureInfo.InvariantCulture));

            var statement = Filter(call.Values).With("limit", limit);
            var hasText = call.Find(Filters.ErrorText) is not null;
            var sql = hasText ? DeadLetterReads.PageOfNewest(service.Schema, After(new Statement()).Conditions, statement.Conditions) : "";
            After(statement);
            var found = Looked<DeadLetterItem>.Of(await statement.ReadAsync(connection, hasText ? sql : DeadLetterReads.Page(service.Schema, statement.Conditions), reader =>
            {
                var item = DeadLetterReads.Item(service.Name, reader);
                return new Listed<DeadLetterItem>(item, item.DeadAt, KeyOf(item.DeadAt, item.Queue, item.MessageId, item.Epoch));
            }, token), limit);
            if (!hasText || found.Next is not null)
            {
                return found;
            }

            var from = After(new Statement());
            var end = await from.ReadAsync(
                connection, DeadLetterReads.LookedTo(service.Schema, from.Conditions), reader => (At: reader.Time(0), Key: KeyOf(reader.Time(0), reader.GetString(1), reader.GetString(2), reader.GetInt32(3))), token);
            return end is [var (at, key)] ? found with { Next = key, To = at } : found;
        }, call.Aborted);

    private static string[] KeyOf(DateTimeOffset deadAt, string queue, string messageId, int epoch) => [deadAt.Key(), queue, messageId, epoch.ToString(CultureInfo.InvariantCulture)];

    private async Task<Count> CountAsync(ApiCall call)
    {
        var answers = await Reading.AskAsync(services.Select(call.Find(Filters.Service)), (service, connection, token) => CountSomeAsync(service, connection, call.Values, token), call.Aborted);
        return Counts.Sum(answers, count => count);
    }

    private Task<Count> CountMatchingAsync(ApiCall call)
    {
        var service = services.Get(call.Find(Filters.OneService)!);
        return service.UseAsync(connection => CountAsync(service, connection, call.Values, Confirmation.MostCounted, call.Aborted), call.Aborted);
    }

    /// <summary>To look into the text of errors costs much: only the newest are counted.</summary>
    private static async Task<Count> CountSomeAsync(KnownService service, NpgsqlConnection connection, ParameterValues values, CancellationToken cancellationToken)
    {
        if (values.Find(Filters.ErrorText) is null)
        {
            return await CountAsync(service, connection, values, Confirmation.MostCounted, cancellationToken);
        }

        var statement = Filter(values);
        var (count, isAll) = (await statement.ReadAsync(connection, DeadLetterReads.CountNewest(service.Schema, statement.Conditions), reader => (reader.GetInt64(0), reader.GetInt64(1) < DeadLetterReads.MostLooked), cancellationToken))[0];
        return Counts.UpTo(Confirmation.MostCounted, count, isAtLeast: !isAll);
    }

    private static async Task<Count> CountAsync(KnownService service, NpgsqlConnection connection, ParameterValues values, long most, CancellationToken cancellationToken)
    {
        var statement = Filter(values).With("limit", most + 1);
        return Counts.UpTo(most, (await statement.ReadAsync(connection, DeadLetterReads.Count(service.Schema, statement.Conditions), reader => reader.GetInt64(0), cancellationToken))[0]);
    }

    private async Task<Page<DeadLetterGroup>> GroupAsync(ApiCall call)
    {
        var answers = await Reading.AskAsync(services.Select(call.Find(Filters.Service)), (service, connection, token) =>
        {
            var statement = Filter(call.Values).With("limit", MostGroups + 1);
            return statement.ReadAsync(connection, DeadLetterReads.Groups(service.Schema, statement.Conditions), reader => DeadLetterReads.Group(service.Name, reader), token);
        }, call.Aborted);
        return new Page<DeadLetterGroup>([.. answers.All.SelectMany(answer => answer.Value.Take(MostGroups)).OrderByDescending(group => group.Count.Value)], null, answers.Unreadable, answers.All.Any(answer => answer.Value.Count > MostGroups));
    }

    private Task<DeadLetterDetail> OneAsync(ApiCall call)
    {
        var (service, id) = Row(call);
        return service.UseAsync(async connection =>
            (await ByKey(id).ReadAsync(connection, DeadLetterReads.One(service.Schema), reader => DeadLetterReads.Detail(service.Name, reader), call.Aborted)) is [var detail] ? detail : throw RowId.Unknown(call.Segment("id")),
            call.Aborted);
    }

    private Task<BodyView> ViewBodyAsync(ApiCall call)
    {
        var (service, id) = Row(call);
        return service.UseAsync(async connection =>
            (await ByKey(id).ReadAsync(connection, DeadLetterReads.Body(service.Schema, Bodies.Shown("d.body")), Bodies.View, call.Aborted)) is [var body] ? body : throw RowId.Unknown(call.Segment("id")), call.Aborted);
    }

    private async Task DownloadBodyAsync(ApiCall call)
    {
        var (service, id) = Row(call);
        await call.WriteFileAsync(await service.UseAsync(async connection =>
        {
            if (await ByKey(id).ReadAsync(connection, DeadLetterReads.Body(service.Schema, "d.body"), reader => reader.GetFieldValue<byte[]>(1), call.Aborted) is not [var body])
            {
                throw RowId.Unknown(call.Segment("id"));
            }

            await Audit.WriteAsync(connection, service.Schema, Caller.Of(call.Http), "download", $"{id.Queue} {id.MessageId} epoch {id.Epoch}", null, call.Aborted);
            return body;
        }, call.Aborted), "body.bin");
    }

    private async Task<ActionResult> ReplayOneAsync(ApiCall call, ReplayOneRequest request)
    {
        var (service, id) = Row(call);
        if (request is { Text: not null, Base64: not null })
        {
            throw ApiException.Malformed("base64", "Give the body as \"text\" or as \"base64\", not as both.");
        }

        await service.Tables.DeadLetters.ReplayAsync(id, Caller.Of(call.Http), new ReplayOptions
        {
            // Not a null array, which would become an empty body.
            Body = request.Text is { } text ? Encoding.UTF8.GetBytes(text) : request.Base64 is { } base64 ? Bytes(base64) : (ReadOnlyMemory<byte>?)null,
            Headers = request.Headers ?? new Dictionary<string, string?>(),
            BeyondHorizon = request.BeyondHorizon,
        }, call.Aborted);
        return new ActionResult(1, 0, null);
    }

    private async Task<ReplayStarted> ReplayAsync(ApiCall call, ReplayManyRequest request)
    {
        Confirmation.RequireOne(request.Ids, request.Filter, request.ExpectedCount);
        var service = services.Get(request.Service);
        if (request.Ids is { } ids)
        {
            return new ReplayStarted(
                await EachAsync(ids, id => service.Tables.DeadLetters.ReplayAsync(id, Caller.Of(call.Http), new ReplayOptions { BeyondHorizon = request.BeyondHorizon }, call.Aborted)), null);
        }

        var values = Confirmation.Read(request.Filter!, Matching);
        var count = await Confirmation.RequireExpectedAsync(
            request.ExpectedCount!.Value, request.IsAtLeast, isFinal: false, most => service.UseAsync(connection => CountAsync(service, connection, values, most, call.Aborted), call.Aborted));
        if (request.PerSecond is < 1 or > 10_000)
        {
            throw ApiException.Malformed("perSecond", $"\"perSecond\" is {request.PerSecond}. Use 1 to 10000.");
        }

        var replay = (await service.Tables.DeadLetters.ReplayAsync(
            CoreFilter(values), Caller.Of(call.Http), new ReplayManyOptions { PerSecond = request.PerSecond ?? 100, BeyondHorizon = request.BeyondHorizon }, call.Aborted))[0];
        return new ReplayStarted(
            new ActionResult(count ?? request.ExpectedCount.Value, 0, null),
            new ReplayItem(service.Name, RowId.Of($"{replay.Id.Number}"), replay.Who, replay.RequestedAt, replay.Replayed, replay.Refused, replay.Refusal, replay.FinishedAt, replay.IsCancelled));
    }

    private async Task<ActionResult> DiscardAsync(ApiCall call, ActionRequest request)
    {
        Confirmation.RequireOne(request.Ids, request.Filter, request.ExpectedCount);
        if (string.IsNullOrWhiteSpace(request.Reason))
        {
            throw ApiException.Malformed("reason", "\"reason\" is missing. Say why nobody will handle them.");
        }

        var service = services.Get(request.Service);
        if (request.Ids is { } ids)
        {
            return await EachAsync(ids, async id =>
            {
                if (await service.Tables.DeadLetters.DiscardAsync(new DeadLetterFilter { Queue = id.Queue, MessageId = id.MessageId, Epoch = id.Epoch }, Caller.Of(call.Http), request.Reason, call.Aborted) == 0)
                {
                    throw new ReliableMqException($"The message \"{id.MessageId}\" of \"{id.Queue}\" does not wait any more: it was replayed or discarded.");
                }
            });
        }

        var values = Confirmation.Read(request.Filter!, Matching);
        await Confirmation.RequireExpectedAsync(
            request.ExpectedCount!.Value, request.IsAtLeast, isFinal: false, most => service.UseAsync(connection => CountAsync(service, connection, values, most, call.Aborted), call.Aborted));
        return new ActionResult(await service.Tables.DeadLetters.DiscardAsync(CoreFilter(values), Caller.Of(call.Http), request.Reason, call.Aborted), 0, null);
    }

    private async Task ExportAsync(ApiCall call)
    {
        var service = services.Get(call.Find(Filters.OneService)!);
        await service.UseAsync(async connection =>
        {
            await Audit.WriteAsync(connection, service.Schema, Caller.Of(call.Http), "export", Filters.Text(call.Http.Request.Query, Matching), null, call.Aborted);
            return 0;
        }, call.Aborted);
        call.Http.Response.ContentType = "application/x-ndjson; charset=utf-8";
        call.Http.Response.Headers.ContentDisposition = "attachment; filename=\"dead-letters.ndjson\"";
        await service.Tables.DeadLetters.ExportAsync(CoreFilter(call.Values), call.Http.Response.Body, call.Aborted);
    }

    private Task<Page<ReplayItem>> ListReplaysAsync(ApiCall call) =>
        Paging.ReadAsync(services.Select(call.Find(Filters.Service)), call.Find(Filters.Cursor), call.Limit, (service, connection, after, limit, token) =>
        {
            var statement = new Statement().With("limit", limit);
            if (after.Length > 0)
            {
                statement.Where("id < @after").With("after", long.Parse(after[0], NumberStyles.None, CultureInfo.InvariantCulture));
            }

            return statement.ReadAsync(connection, DeadLetterReads.Replays(service.Schema, statement.Conditions), reader =>
            {
                var item = DeadLetterReads.Replay(service.Name, reader);
                return new Listed<ReplayItem>(item, item.RequestedAt, [$"{reader.GetInt64(0)}"]);
            }, token);
        }, call.Aborted);

    private async Task<ActionResult> CancelReplaysAsync(ApiCall call, ActionRequest request)
    {
        var ids = request.Ids ?? throw ApiException.Malformed("ids", "\"ids\" is missing. Give the ids of replays.");
        Confirmation.RequireOne(ids, request.Filter, null);
        var service = services.Get(request.Service);
        var inbox = service.Tables.Name;
        foreach (var id in ids)
        {
            var number = long.TryParse(RowId.Read(id, 1)[0], NumberStyles.None, CultureInfo.InvariantCulture, out var read) ? read : throw RowId.Unknown(id);
            await service.Tables.DeadLetters.CancelReplayAsync(new ReplayId(inbox, number), Caller.Of(call.Http), request.Reason, call.Aborted);
        }

        return new ActionResult(ids.Count, 0, null);
    }

    /// <summary>One after the other: a refusal concerns only its own.</summary>
    private static async Task<ActionResult> EachAsync(IReadOnlyList<string> ids, Func<DeadLetterId, Task> act)
    {
        var rows = ids.Select(Id).Distinct().ToList();
        var (done, refusal) = (0, (string?)null);
        foreach (var id in rows)
        {
            try
            {
                await act(id);
                done++;
            }
            catch (ReliableMqException exception)
            {
                refusal = exception.Message;
            }
            catch (Exception exception) when (done > 0 && exception is NpgsqlException or TimeoutException)
            {
                // What is done is done, and is told.
                refusal = OutboxActions.Ended(exception);
                break;
            }
        }

        return new ActionResult(done, rows.Count - done, refusal);
    }

    private static byte[] Bytes(string base64)
    {
        try
        {
            return Convert.FromBase64String(base64);
        }
        catch (FormatException)
        {
            throw ApiException.Malformed("base64", "\"base64\" is not base64.");
        }
    }

    private (KnownService Service, DeadLetterId Id) Row(ApiCall call) => (services.Get(call.Segment("service")), Id(call.Segment("id")));

    private static DeadLetterId Id(string id)
    {
        var key = RowId.Read(id, 3);
        return new DeadLetterId(key[0], key[1], int.TryParse(key[2], NumberStyles.None, CultureInfo.InvariantCulture, out var epoch) ? epoch : throw RowId.Unknown(id));
    }

    private static Statement ByKey(DeadLetterId id) => new Statement().With("queue", id.Queue).With("message_id", id.MessageId).With("epoch", id.Epoch);

    private static DeadLetterFilter CoreFilter(ParameterValues values) => new()
    {
        State = values.FindValue(Filters.DeadLetterState) switch { DeadLetterWhat.Discarded => DeadLetterState.Discarded, DeadLetterWhat.Replayed => DeadLetterState.Replayed, _ => DeadLetterState.Waiting },
        Queue = values.Find(Filters.Queue),
        MessageId = values.Find(Filters.MessageId),
        MessageName = values.Find(Filters.Name),
        ExceptionType = values.Find(Filters.ErrorType) is Filters.NoErrorType ? "" : values.Find(Filters.ErrorType),
        CorrelationId = values.Find(Filters.CorrelationId),
        Text = values.Find(Filters.ErrorText),
        DeadFrom = values.FindValue(Filters.From),
        DeadUntil = values.FindValue(Filters.Until),
    };

    private static Statement Filter(ParameterValues values) => new Statement()
        .Where(values.FindValue(Filters.DeadLetterState) switch
        {
            DeadLetterWhat.Discarded => "d.discarded_at IS NOT NULL AND d.replayed_at IS NULL",
            DeadLetterWhat.Replayed => "d.replayed_at IS NOT NULL",
            _ => "d.discarded_at IS NULL AND d.replayed_at IS NULL",
        })
        .Where("d.queue = @queue", "queue", values.Find(Filters.Queue))
        .Where("d.message_id = @message_id", "message_id", values.Find(Filters.MessageId))
        .Where("d.name = @name", "name", values.Find(Filters.Name))
        .Where(values.Find(Filters.ErrorType) is Filters.NoErrorType ? "@error_type IS NOT NULL AND d.error_type IS NULL" : "d.error_type = @error_type", "error_type", values.Find(Filters.ErrorType))
        .Where("d.correlation_id = @correlation_id", "correlation_id", values.Find(Filters.CorrelationId))
        .Where($"({Columns.Holds("d.reason", "@text")} OR {Columns.Holds("d.error", "@text")})", "text", values.Find(Filters.ErrorText))
        .Where("d.dead_at >= @from", "from", values.FindValue(Filters.From))
        .Where("d.dead_at < @until", "until", values.FindValue(Filters.Until));
}

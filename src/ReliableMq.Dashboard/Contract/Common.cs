using System.ComponentModel;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace ReliableMq.Dashboard.Contract;

/// <summary>Values of enumerations are written like the names of addresses: <c>dead-letters</c>.</summary>
internal sealed class Words<T>() : JsonStringEnumConverter<T>(JsonNamingPolicy.KebabCaseLower, allowIntegerValues: false) where T : struct, Enum;

internal sealed record Page<T>(
    [property: Description("In the order of the list. There may be none and a `next` all the same: so far was looked.")] IReadOnlyList<T> Items,
    [property: Description("Give it as `cursor` to read on; null at the end. Its content is nobody's business.")] string? Next,
    [property: Description("Services whose database could not be read: what they have is missing here, and read on from the same place with `next`.")] IReadOnlyList<Unreadable> Unreadable,
    [property: Description("True: there are more, which are not given. Narrow the filter.")] bool IsCut = false);

internal sealed record Unreadable(string Service, string Error);

internal sealed record Count(
    long Value,
    [property: Description("True: about so many, because counting would cost too much; or at least so many, if `isAtLeast`.")] bool IsEstimate,
    [property: Description("True: counting was ended there, or a database could not be read.")] bool IsAtLeast = false,
    [property: Description("True: no database could be read, so nothing is known.")] bool IsUnknown = false)
{
    public static Count Unknown { get; } = new(0, IsEstimate: false, IsUnknown: true);

    public static Count Exact(long value) => new(value, IsEstimate: false);
}

internal sealed record Session(
    [property: Description("As the audit names the caller.")] string User,
    bool CanOperate,
    bool CanSeeBodies,
    bool IsReadOnly,
    [property: Description("The header that every change must have, with any value.")] string ChangeHeader,
    string Version,
    [property: Description("The server's time, to show ages by.")] DateTimeOffset Now,
    IReadOnlyList<ServiceInfo> Services);

internal sealed record ServiceInfo(
    [property: Description("As `service` in every address.")] string Name,
    [property: Description("The service that owns the tables; null where they could not be read.")] string? Owner,
    string? Database,
    string Schema,
    [property: Description("Whether it is one of the process that serves the dashboard.")] bool IsOwn,
    bool IsReachable,
    string? Error,
    int? SchemaVersion);

internal sealed record ActionRequest(
    [property: Description("The service of `ids` or `filter`.")] string Service,
    [property: Description("What to act on. Either this or `filter`; at most 1,000.")] IReadOnlyList<string>? Ids = null,
    [property: Description("All that match, by the parameters of the list, such as {\"state\": \"failed\"}. An empty one means all.")] IReadOnlyDictionary<string, string>? Filter = null,
    [property: Description("How many the caller saw. Needed with `filter`: if many more match by now, nothing is done.")] long? ExpectedCount = null,
    [property: Description("Why; kept in the audit. Needed where something is discarded.")] string? Reason = null,
    [property: Description("Whether `…/matching` counted 100,000 with `isAtLeast`: then all that match are meant, however many.")] bool IsAtLeast = false);

internal sealed record ActionResult(
    long Done,
    [property: Description("Not done, because each was not, or no longer, what can be acted on.")] long Refused,
    [property: Description("Why the last of them was refused.")] string? Refusal);

internal sealed record Problem(
    string Type, string Title, int Status,
    [property: Description("What failed, the value in quotes, and the remedy.")] string Detail,
    [property: Description("The parameter at fault.")] string? Parameter = null,
    [property: Description("With 409 for an unexpected number: how many match now.")] long? ActualCount = null);

internal sealed record BodyView(
    BodyKind Kind, string? ContentType, long Size,
    [property: Description("JSON indented, text as it is; null for binary.")] string? Text,
    [property: Description("The bytes, for a hex view and for editing.")] string Base64,
    [property: Description("Whether only the first part is here; the whole is at `…/body/raw`.")] bool IsTruncated);

[JsonConverter(typeof(Words<BodyKind>))]
internal enum BodyKind { Empty, Json, Text, Binary }

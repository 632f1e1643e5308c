using ReliableMq.Dashboard.Contract;

namespace ReliableMq.Dashboard.Api;

/// <summary>The parameters that lists share; those of actions' filters are the same.</summary>
internal static class Filters
{
    public static readonly Parameter<string> Service = Parameter.Text("service", "Only this service; all if not given.");
    public static readonly Parameter<string> OneService = Parameter.Text("service", "The service.") with { IsRequired = true };
    public static readonly Parameter<int> Limit = Parameter.Number("limit", "The most items of a page.", 1, 200, 50);
    public static readonly Parameter<string> Cursor = Parameter.Text("cursor", "The `next` of the page before.", Services.Cursor.Longest);
    public static readonly Parameter<DateTimeOffset> From = Parameter.Time("from", "Only from then on.");
    public static readonly Parameter<DateTimeOffset> Until = Parameter.Time("until", "Only before.");
    public static readonly Parameter<string> MessageId = Parameter.Text("messageId", "Only those of this message.");
    public static readonly Parameter<string> Name = Parameter.Text("name", "Only messages with this name.");
    public static readonly Parameter<string> OrderingKey = Parameter.Text("orderingKey", "Only those with this ordering key.");
    public static readonly Parameter<string> CorrelationId = Parameter.Text("correlationId", "Only those of this business process.");
    public static readonly Parameter<string> Queue = Parameter.Text("queue", "Only those of this queue.");
    public static readonly Parameter<string> ErrorType = Parameter.Text("errorType", "Only those of this type of exception, such as `System.TimeoutException`; `none` means those without one.");

    /// <summary>As <see cref="ErrorType"/>: no exception is called so.</summary>
    public const string NoErrorType = "none";
    public static readonly Parameter<string> ErrorText = Parameter.Text("text", "Only those with this text in their error, ASCII letters in upper or lower case.");
    public static readonly Parameter<OutboxState> OutboxState = Parameter.Choice<OutboxState>("state", "Only those in this state; all that have not left if not given.");
    public static readonly Parameter<InboxState> InboxState = Parameter.Choice<InboxState>("state", "Only those in this state; those that fail if not given.");
    public static readonly Parameter<DeadLetterWhat> DeadLetterState = Parameter.Choice<DeadLetterWhat>("state", "What has become of them; those that wait for an operator if not given.");

    /// <summary>As the audit keeps them.</summary>
    public static string Text(Microsoft.AspNetCore.Http.IQueryCollection query, IEnumerable<Parameter> parameters) =>
        string.Join(", ", parameters.Where(parameter => query.ContainsKey(parameter.Name)).Select(parameter => $"{parameter.Name}={query[parameter.Name]}")) is { Length: > 0 } text ? text : "all";

    /// <summary>With the page's own.</summary>
    public static Parameter[] Paged(params Parameter[] parameters) => [Service, .. parameters, Limit, Cursor];
}

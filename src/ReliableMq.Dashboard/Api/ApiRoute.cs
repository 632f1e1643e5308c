using System.Text.Json.Serialization.Metadata;

namespace ReliableMq.Dashboard.Api;

/// <summary>One address of the API: what it takes, what it gives, and who may use it. The OpenAPI document is made of these.</summary>
/// <param name="Method">Of HTTP.</param>
/// <param name="Path">Below <c>api/v1</c>.</param>
/// <param name="Right">What the caller must be allowed.</param>
/// <param name="Summary">For the document.</param>
/// <param name="Answer">Acts.</param>
internal sealed record ApiRoute(string Method, string Path, Right Right, string Summary, Func<ApiCall, Task> Answer)
{
    /// <summary>Of the query; others are refused, so that a mistyped filter does not match everything.</summary>
    public IReadOnlyList<Parameter> Parameters { get; init; } = [];

    public JsonTypeInfo? Request { get; init; }

    public JsonTypeInfo? Response { get; init; }

    /// <summary>Where it is not JSON by <see cref="Response"/>.</summary>
    public string? ResponseType { get; init; }

    public static ApiRoute Get<TResponse>(string path, string summary, JsonTypeInfo<TResponse> response, IReadOnlyList<Parameter> parameters, Func<ApiCall, Task<TResponse>> answer, Right right = Right.View) =>
        new("GET", path, right, summary, async call => await call.WriteAsync(await answer(call), response)) { Parameters = parameters, Response = response };

    public static ApiRoute Post<TRequest, TResponse>(
        string path, string summary, JsonTypeInfo<TRequest> request, JsonTypeInfo<TResponse> response, Func<ApiCall, TRequest, Task<TResponse>> answer) where TRequest : class =>
        new("POST", path, Right.Operate, summary, async call => await call.WriteAsync(await answer(call, await call.ReadAsync(request)), response)) { Request = request, Response = response };
}

/// <summary>What a caller may do. Whoever may operate or see bodies must also be allowed to view.</summary>
internal enum Right
{
    View,
    SeeBodies,
    Operate,
}

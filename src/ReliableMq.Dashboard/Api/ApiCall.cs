using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;

namespace ReliableMq.Dashboard.Api;

/// <summary>One request, with its parameters read.</summary>
/// <param name="http">The request.</param>
/// <param name="route">What answers it.</param>
/// <param name="aborted">The request's own token may be cancelled on a timer: what is asked of a database has this one.</param>
internal sealed class ApiCall(HttpContext http, ApiRoute route, CancellationToken aborted)
{
    public HttpContext Http => http;

    public ParameterValues Values { get; } = new(http.Request.Query, route.Parameters);

    public CancellationToken Aborted => aborted;

    public T? Find<T>(Parameter<T> parameter) where T : class => Values.Find(parameter);

    public T? FindValue<T>(Parameter<T> parameter) where T : struct => Values.FindValue(parameter);

    public int Limit => FindValue(Filters.Limit) ?? 50;

    /// <summary>A part of the path.</summary>
    public string Segment(string name) => (string)http.Request.RouteValues[name]!;

    public async Task WriteAsync<T>(T response, JsonTypeInfo<T> type)
    {
        http.Response.ContentType = "application/json; charset=utf-8";
        await JsonSerializer.SerializeAsync(http.Response.Body, response, type, Aborted);
    }

    /// <summary>Bytes as a file to keep: a browser must not show what a sender wrote.</summary>
    public async Task WriteFileAsync(ReadOnlyMemory<byte> content, string name)
    {
        http.Response.ContentType = "application/octet-stream";
        http.Response.Headers.ContentDisposition = $"attachment; filename=\"{name}\"";
        http.Response.ContentLength = content.Length;
        await http.Response.Body.WriteAsync(content, Aborted);
    }

    public async Task<T> ReadAsync<T>(JsonTypeInfo<T> type) where T : class
    {
        if (!http.Request.HasJsonContentType())
        {
            throw new ApiException(StatusCodes.Status415UnsupportedMediaType, $"The content type is \"{ApiException.Shown(http.Request.ContentType ?? "")}\". Send application/json.");
        }

        try
        {
            return await JsonSerializer.DeserializeAsync(http.Request.Body, type, Aborted)
                ?? throw new ApiException(StatusCodes.Status400BadRequest, "The body is null. Send an object.");
        }
        catch (JsonException exception)
        {
            throw new ApiException(StatusCodes.Status400BadRequest, $"The body cannot be read: {exception.Message}", exception.Path);
        }
    }
}

using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;

namespace ReliableMq.Dashboard.Api;

/// <summary>One request, with its parameters read.</summary>
internal sealed class ApiCall(HttpContext http, ApiRoute route)
{
    private readonly Dictionary<Parameter, object> _values = Read(http.Request.Query, route);

    public HttpContext Http => http;

    public CancellationToken Aborted => http.RequestAborted;

    public T? Find<T>(Parameter<T> parameter) where T : class => _values.GetValueOrDefault(parameter) as T;

    public T? FindValue<T>(Parameter<T> parameter) where T : struct => _values.TryGetValue(parameter, out var value) ? (T)value : null;

    /// <summary>A part of the path.</summary>
    public string Segment(string name) => (string)http.Request.RouteValues[name]!;

    public async Task WriteAsync<T>(T response, JsonTypeInfo<T> type)
    {
        http.Response.ContentType = "application/json; charset=utf-8";
        await JsonSerializer.SerializeAsync(http.Response.Body, response, type, Aborted);
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

    private static Dictionary<Parameter, object> Read(IQueryCollection query, ApiRoute route)
    {
        var values = new Dictionary<Parameter, object>();
        foreach (var (name, texts) in query)
        {
            var parameter = route.Parameters.FirstOrDefault(known => known.Name == name)
                ?? throw ApiException.Malformed(name, $"There is no parameter \"{ApiException.Shown(name)}\" here. Known: {string.Join(", ", route.Parameters.Select(known => known.Name).DefaultIfEmpty("none"))}.");
            values[parameter] = texts is [{ } text]
                ? parameter.Read(text)
                : throw ApiException.Malformed(name, $"\"{name}\" is given {texts.Count} times. Give it once.");
        }

        return route.Parameters.FirstOrDefault(known => known.IsRequired && !values.ContainsKey(known)) is { } missing
            ? throw ApiException.Malformed(missing.Name, $"\"{missing.Name}\" is missing. {missing.Description}")
            : values;
    }
}

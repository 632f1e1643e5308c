using Microsoft.AspNetCore.Http;

namespace ReliableMq.Dashboard.Api;

/// <summary>A request that is answered with a problem (RFC 9457).</summary>
internal sealed class ApiException(int status, string detail, string? parameter = null, long? actualCount = null) : Exception(detail)
{
    private const int LongestShown = 100;

    public int Status { get; } = status;

    public string? Parameter { get; } = parameter;

    public long? ActualCount { get; } = actualCount;

    public static ApiException Malformed(string parameter, string detail) => new(StatusCodes.Status400BadRequest, detail, parameter);

    public static ApiException NotFound(string detail) => new(StatusCodes.Status404NotFound, detail);

    public static ApiException Conflict(string detail, long? actualCount = null) => new(StatusCodes.Status409Conflict, detail, actualCount: actualCount);

    /// <summary>A value as an error repeats it.</summary>
    public static string Shown(string value) => value.Length <= LongestShown ? value : value[..LongestShown] + "…";
}

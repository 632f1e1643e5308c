using System.Net;
using Microsoft.AspNetCore.Http;

namespace ReliableMq.Dashboard.Security;

/// <summary>
/// Whether a request looks as if it came from this machine and from nowhere behind it. A proxy that adds nothing and
/// passes the host on cannot be told from a browser here, so this is enough for Development only.
/// </summary>
internal static class Loopback
{
    /// <summary>
    /// A reverse proxy on this machine connects from here as well, for whomever. What it adds gives it away, or the
    /// HTTP/1.0 that many speak unless they are told otherwise and no browser does, or the origin of a page elsewhere.
    /// </summary>
    private static readonly string[] ForwardedBy = ["Forwarded", "Via", "X-Real-IP", "X-Client-IP", "X-Original-For", "X-Original-Host", "X-Original-Proto", "X-Envoy-External-Address"];

    public static bool IsCaller(HttpContext http) =>
        http.Connection.RemoteIpAddress is { } address && IPAddress.IsLoopback(address)
        && !http.Request.Headers.Keys.Any(name => name.StartsWith("X-Forwarded-", StringComparison.OrdinalIgnoreCase) || ForwardedBy.Contains(name, StringComparer.OrdinalIgnoreCase))
        && !HttpProtocol.IsHttp10(http.Request.Protocol)
        && (http.Request.Headers.Origin.ToString() is "" or "null" || (Uri.TryCreate(http.Request.Headers.Origin, UriKind.Absolute, out var page) && IsName(page.Host.Trim('[', ']'))))
        && IsName(http.Request.Host.Host);

    /// <summary>A page of the internet can have its own name lead to this machine; the browser then still sends that name.</summary>
    private static bool IsName(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || host.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address));
}

using System.Net;
using Microsoft.AspNetCore.Http;

namespace ReliableMq.Dashboard.Security;

/// <summary>Whether a request comes from this machine and from nowhere behind it.</summary>
internal static class Loopback
{
    /// <summary>A reverse proxy on this machine connects from here as well, for whomever. What it adds gives it away.</summary>
    private static readonly string[] ForwardedBy = ["Forwarded", "Via", "X-Real-IP", "X-Client-IP", "X-Original-For", "X-Original-Host", "X-Original-Proto", "X-Envoy-External-Address"];

    public static bool IsCaller(HttpContext http) =>
        http.Connection.RemoteIpAddress is { } address && IPAddress.IsLoopback(address)
        && !http.Request.Headers.Keys.Any(name => name.StartsWith("X-Forwarded-", StringComparison.OrdinalIgnoreCase) || ForwardedBy.Contains(name, StringComparer.OrdinalIgnoreCase))
        && IsName(http.Request.Host.Host);

    /// <summary>A page of the internet can have its own name lead to this machine; the browser then still sends that name.</summary>
    private static bool IsName(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || host.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address));
}

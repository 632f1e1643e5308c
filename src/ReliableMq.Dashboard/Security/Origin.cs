using Microsoft.AspNetCore.Http;

namespace ReliableMq.Dashboard.Security;

/// <summary>
/// Keeps pages of other origins from using the rights of whoever looks at them. A change needs a header that such a page
/// cannot send without being asked first, which nobody here answers; a script just sends it, so that no token has to be
/// fetched and kept. Where the browser says whose page it is, that counts as well: an application may answer all
/// preflights for its own API.
/// </summary>
internal static class Origin
{
    public const string ChangeHeader = "X-ReliableMq-Change";

    /// <returns>Why the request is refused; null where it is not.</returns>
    public static string? Refusal(HttpRequest request)
    {
        var site = request.Headers["Sec-Fetch-Site"].ToString();
        if (site is not ("" or "same-origin" or "none"))
        {
            return "The request comes from a page of another origin (Sec-Fetch-Site). Open the dashboard itself.";
        }

        if (!HttpMethods.IsPost(request.Method))
        {
            return null;
        }

        // Older browsers, and plain HTTP: a proxy in between has to pass the host on.
        var origin = request.Headers.Origin.ToString();
        if (site.Length == 0 && origin.Length > 0 && !(Uri.TryCreate(origin, UriKind.Absolute, out var page) && IsSame(page, request.Host)))
        {
            return $"The request comes from a page of another origin, but only those of \"{request.Host}\" may change something. Open the dashboard itself; behind a reverse proxy, have it pass the host on.";
        }

        return request.Headers.ContainsKey(ChangeHeader) ? null : $"The header \"{ChangeHeader}\" is missing. Send it with any value: it proves that no foreign page makes this request.";
    }

    private static bool IsSame(Uri page, HostString host) =>
        string.Equals(page.IsDefaultPort ? page.Host : page.Authority, host.Value, StringComparison.OrdinalIgnoreCase)
        || string.Equals(page.Authority, host.Value, StringComparison.OrdinalIgnoreCase)
        || (page.IsDefaultPort && string.Equals($"{page.Host}:{page.Port}", host.Value, StringComparison.OrdinalIgnoreCase));
}

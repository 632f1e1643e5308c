using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace ReliableMq.Dashboard.Security;

/// <summary>
/// The key to a dashboard of which nobody has said who may see it: a link that the process writes into its log when it
/// starts. Where a caller comes from proves nothing behind a proxy; having read the log does. It ends with the process.
/// </summary>
internal sealed class StartLink
{
    public const string Parameter = "token";

    private readonly string _token = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));
    private readonly string _cookie;

    // Cookies know no ports: two services of one machine would take one another's away.
    public StartLink() => _cookie = $"reliable-mq-{Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(_token)))[..8]}";

    /// <param name="server">An address of the server; null where it tells none.</param>
    /// <param name="path">Where the dashboard is mapped.</param>
    public string Address(string? server, string path)
    {
        // Nobody can open the address "any".
        var start = server is null ? "" : server.TrimEnd('/').Replace("://[::]", "://localhost", StringComparison.Ordinal)
            .Replace("://0.0.0.0", "://localhost", StringComparison.Ordinal).Replace("://+", "://localhost", StringComparison.Ordinal).Replace("://*", "://localhost", StringComparison.Ordinal);
        return $"{start}/{path.Trim('/')}{(path.Trim('/').Length == 0 ? "" : "/")}?{Parameter}={_token}";
    }

    /// <summary>Whether the caller has opened the link before, or says its token as scripts do.</summary>
    public bool IsKnown(HttpRequest request) =>
        IsToken(request.Cookies[_cookie])
        || (request.Headers.Authorization.ToString() is { } said && said.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) && IsToken(said["Bearer ".Length..]));

    public bool IsToken(string? said) => CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(said ?? ""), Encoding.UTF8.GetBytes(_token));

    /// <summary>
    /// Lets the browser in. The page opens itself again without the token, so that it stands in no bookmark; a redirect
    /// would not do, since a browser that followed a link from elsewhere would not bring the cookie.
    /// </summary>
    public Task LetInAsync(HttpContext http)
    {
        // Without a path: the browser takes the one it sees, whatever a proxy has put in front.
        http.Response.Cookies.Append(_cookie, _token, new CookieOptions { HttpOnly = true, SameSite = SameSiteMode.Strict, Secure = http.Request.IsHttps, Path = null, IsEssential = true });
        var path = http.Request.Path.Value ?? "";
        var here = Uri.EscapeDataString(path[(path.LastIndexOf('/') + 1)..]);
        http.Response.ContentType = "text/html; charset=utf-8";
        return http.Response.WriteAsync($"<!doctype html><meta http-equiv=\"refresh\" content=\"0;url={WebUtility.HtmlEncode(here.Length == 0 ? "./" : here)}\"><title>ReliableMq</title>", http.RequestAborted);
    }
}

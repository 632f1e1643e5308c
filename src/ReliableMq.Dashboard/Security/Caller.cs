using System.Security.Claims;
using Microsoft.AspNetCore.Http;

namespace ReliableMq.Dashboard.Security;

/// <summary>Who asks, as the audit names it.</summary>
internal static class Caller
{
    private const int Longest = 200;

    public static string Of(HttpContext http)
    {
        var name = http.User.Identity is { IsAuthenticated: true } identity ? identity.Name ?? http.User.FindFirstValue(ClaimTypes.NameIdentifier) ?? http.User.FindFirstValue("sub") : null;
        if (string.IsNullOrWhiteSpace(name))
        {
            name = http.Connection.ClientCertificate?.Subject ?? $"anonymous from {http.Connection.RemoteIpAddress?.ToString() ?? "an unknown address"}";
        }

        return name.Length <= Longest ? name : name[..Longest];
    }
}

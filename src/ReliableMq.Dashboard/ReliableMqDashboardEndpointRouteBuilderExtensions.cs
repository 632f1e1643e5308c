using System.Diagnostics.CodeAnalysis;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using ReliableMq.Dashboard;
using ReliableMq.Dashboard.Api;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Maps the dashboard.</summary>
public static class ReliableMqDashboardEndpointRouteBuilderExtensions
{
    /// <summary>
    /// Maps the page and its API below a path. Without <c>RequireAuthorization</c>, <c>AllowAnonymous</c> or
    /// <see cref="ReliableMqDashboardOptions.ViewerPolicy"/> only callers on this machine are served.
    /// </summary>
    /// <param name="endpoints">The application.</param>
    /// <param name="path">Where, such as <c>/reliable-mq</c>.</param>
    /// <returns>All its endpoints, to require authorization, a host or a port of.</returns>
    /// <exception cref="InvalidOperationException"><c>AddReliableMqDashboard</c> was not called.</exception>
    public static IEndpointConventionBuilder MapReliableMqDashboard(this IEndpointRouteBuilder endpoints, [StringSyntax("Route")] string path = "/reliable-mq")
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        ArgumentNullException.ThrowIfNull(path);
        var routes = endpoints.ServiceProvider.GetService<ApiRoutes>()
            ?? throw new InvalidOperationException("The dashboard cannot be mapped, because its services are missing. Call builder.Services.AddReliableMqDashboard().");
        var group = endpoints.MapGroup(path);
        foreach (var route in routes.All)
        {
            group.MapMethods($"api/v1/{route.Path}", [route.Method], ApiEndpoint.Of(route)).WithDisplayName($"ReliableMq dashboard {route.Method} {route.Path}");
        }

        group.MapGet("api/openapi.json", async (HttpContext http) =>
        {
            http.Response.ContentType = "application/json; charset=utf-8";
            await using var writer = new Utf8JsonWriter(http.Response.Body, new JsonWriterOptions { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
            OpenApiDocument.Of(routes.All).WriteTo(writer);
        });
        return group.ExcludeFromDescription();
    }
}

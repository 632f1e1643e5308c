using System.Diagnostics.CodeAnalysis;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using ReliableMq.Dashboard;
using ReliableMq.Dashboard.Api;
using ReliableMq.Dashboard.Page;
using ReliableMq.Dashboard.Security;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Maps the dashboard.</summary>
public static class ReliableMqDashboardEndpointRouteBuilderExtensions
{
    /// <summary>
    /// Maps the page and its API below a path. Without <c>RequireAuthorization</c>, <c>AllowAnonymous</c> or
    /// <see cref="ReliableMqDashboardOptions.ViewerPolicy"/> it answers to whoever has opened the link that stands in the
    /// log since the start, and in the environment Development to callers on this machine.
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
        var api = endpoints.ServiceProvider.GetRequiredService<ApiEndpoint>();
        var page = endpoints.ServiceProvider.GetRequiredService<PageFiles>();
        var group = endpoints.MapGroup(path);
        foreach (var route in routes.All)
        {
            group.MapMethods($"api/v1/{route.Path}", [route.Method], api.Of(route));
        }

        group.MapMethods("api/openapi.json", ["GET"], api.Of(Right.View, http => WriteDocumentAsync(http, routes)));
        group.Map("api/{**path}", api.Of(Right.View, http => throw ApiException.NotFound($"There is no {http.Request.Method} \"{ApiException.Shown(http.Request.Path)}\" here. All addresses: api/openapi.json.")));
        group.MapMethods("{**path}", ["GET", "HEAD"], api.Of(Right.View, page.AnswerAsync)).WithMetadata(new PageEndpoint());
        if (endpoints.ServiceProvider.GetRequiredService<IOptions<ReliableMqDashboardOptions>>().Value.ViewerPolicy is { } viewers)
        {
            group.RequireAuthorization(viewers);
        }

        return group.WithMetadata(new DashboardPath(path)).WithDisplayName($"ReliableMq dashboard at {path}").ExcludeFromDescription();
    }

    private static async Task WriteDocumentAsync(HttpContext http, ApiRoutes routes)
    {
        http.Response.ContentType = "application/json; charset=utf-8";
        await using var writer = new Utf8JsonWriter(http.Response.Body, new JsonWriterOptions { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        OpenApiDocument.Of(routes.All).WriteTo(writer);
    }
}

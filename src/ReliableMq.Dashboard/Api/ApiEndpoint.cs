using System.Text.Json;
using Microsoft.AspNetCore.Http;
using ReliableMq.Dashboard.Contract;

namespace ReliableMq.Dashboard.Api;

/// <summary>Answers one route, and turns what is wrong into a problem.</summary>
internal static class ApiEndpoint
{
    public static RequestDelegate Of(ApiRoute route) => async http =>
    {
        try
        {
            await route.Answer(new ApiCall(http, route));
        }
        catch (ApiException exception)
        {
            await WriteAsync(http, new Problem("about:blank", TitleOf(exception.Status), exception.Status, exception.Message, exception.Parameter, exception.ActualCount));
        }
    };

    public static async Task WriteAsync(HttpContext http, Problem problem)
    {
        http.Response.StatusCode = problem.Status;
        http.Response.ContentType = "application/problem+json; charset=utf-8";
        await JsonSerializer.SerializeAsync(http.Response.Body, problem, ApiJson.Default.Problem, http.RequestAborted);
    }

    private static string TitleOf(int status) => status switch
    {
        StatusCodes.Status400BadRequest => "The request is malformed.",
        StatusCodes.Status403Forbidden => "This is not allowed.",
        StatusCodes.Status404NotFound => "There is no such thing.",
        StatusCodes.Status409Conflict => "This is not possible now.",
        StatusCodes.Status415UnsupportedMediaType => "The content type is not understood.",
        StatusCodes.Status501NotImplemented => "This is not built yet.",
        _ => "The request failed.",
    };
}

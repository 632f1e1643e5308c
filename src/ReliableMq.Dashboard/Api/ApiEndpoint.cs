using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Npgsql;
using ReliableMq.Dashboard.Contract;
using ReliableMq.Dashboard.Security;
using ReliableMq.Timing;

namespace ReliableMq.Dashboard.Api;

/// <summary>Answers requests, and turns what is wrong into a problem.</summary>
internal sealed partial class ApiEndpoint(Guard guard, StartLink link, ILogger<ApiEndpoint> logger)
{
    public RequestDelegate Of(ApiRoute route) => Of(route.Right, async http =>
    {
        using var aborted = TimeLimit.None(http.RequestAborted);
        await route.Answer(new ApiCall(http, route, aborted.Token));
    });

    public RequestDelegate Of(Right right, RequestDelegate answer) => async http =>
    {
        ResponseHeaders.Set(http.Response);
        try
        {
            if (await TryOpenAsync(http))
            {
                return;
            }

            await guard.RequireAsync(http, right);
            if (http.GetEndpoint()?.Metadata.GetMetadata<PageEndpoint>() is null && Origin.Refusal(http.Request) is { } refusal)
            {
                throw new ApiException(StatusCodes.Status403Forbidden, refusal);
            }

            await answer(http);
        }
        catch (Exception) when (http.RequestAborted.IsCancellationRequested)
        {
            // Nobody waits for the answer.
        }
        catch (Exception exception) when (!http.Response.HasStarted)
        {
            await WriteAsync(http, ProblemOf(exception));
        }
    };

    /// <summary>The link of the log was opened, where it is what decides.</summary>
    private async Task<bool> TryOpenAsync(HttpContext http)
    {
        if (http.GetEndpoint() is not { } endpoint || endpoint.Metadata.GetMetadata<PageEndpoint>() is null || Guard.HasChoice(endpoint.Metadata) || !http.Request.Query.TryGetValue(StartLink.Parameter, out var token))
        {
            return false;
        }

        if (!link.IsToken(token))
        {
            throw new ApiException(StatusCodes.Status403Forbidden, "The token is not the one of this process. Each start has its own: look for the link in the log of the process that runs now.");
        }

        LinkOpened(logger, Caller.Of(http));
        await link.LetInAsync(http);
        return true;
    }

    private Problem ProblemOf(Exception exception)
    {
        switch (exception)
        {
            case ApiException known:
                return Problem(known.Status, known.Message, known.Parameter, known.ActualCount);
            // The core refuses what is not possible now, and says why.
            case ReliableMqException refused:
                return Problem(StatusCodes.Status409Conflict, refused.Message);
            case BadHttpRequestException malformed:
                return Problem(malformed.StatusCode, malformed.Message);
            case PostgresException { SqlState: var state } refused when state.StartsWith("22", StringComparison.Ordinal):
                // Data that no text of the database can hold, such as U+0000.
                return Problem(StatusCodes.Status400BadRequest, $"The database cannot hold what was given: {refused.MessageText}");
            case NpgsqlException or TimeoutException:
                DatabaseFailed(logger, exception);
                return Problem(StatusCodes.Status503ServiceUnavailable, $"The database cannot be read: {exception.Message} Try again.");
            default:
                Failed(logger, exception);
                return Problem(StatusCodes.Status500InternalServerError, "This is a mistake of the dashboard. Its log says more.");
        }
    }

    private static Problem Problem(int status, string detail, string? parameter = null, long? actualCount = null) =>
        new("about:blank", TitleOf(status), status, detail, parameter, actualCount);

    private static async Task WriteAsync(HttpContext http, Problem problem)
    {
        http.Response.StatusCode = problem.Status;
        http.Response.ContentType = "application/problem+json; charset=utf-8";
        http.Response.Headers.CacheControl = "no-store";
        await JsonSerializer.SerializeAsync(http.Response.Body, problem, ApiJson.Default.Problem, http.RequestAborted);
    }

    private static string TitleOf(int status) => status switch
    {
        StatusCodes.Status400BadRequest => "The request is malformed.",
        StatusCodes.Status401Unauthorized => "The caller is not known.",
        StatusCodes.Status403Forbidden => "This is not allowed.",
        StatusCodes.Status404NotFound => "There is no such thing.",
        StatusCodes.Status409Conflict => "This is not possible now.",
        StatusCodes.Status415UnsupportedMediaType => "The content type is not understood.",
        StatusCodes.Status503ServiceUnavailable => "The database cannot be read.",
        _ => "The request failed.",
    };

    [LoggerMessage(10002, LogLevel.Warning, "The dashboard could not read a database.")]
    private static partial void DatabaseFailed(ILogger logger, Exception exception);

    [LoggerMessage(10004, LogLevel.Information, "The link of the log opened the dashboard for \"{Who}\".")]
    private static partial void LinkOpened(ILogger logger, string who);

    [LoggerMessage(10003, LogLevel.Error, "The dashboard failed to answer.")]
    private static partial void Failed(ILogger logger, Exception exception);
}

/// <summary>Marks what may be opened from anywhere: the page, which has nothing in it.</summary>
internal sealed class PageEndpoint;

using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Hosting;
using ReliableMq.Dashboard.Api;
using ReliableMq.Dashboard.Services;
using ReliableMq.Timing;

namespace ReliableMq.Dashboard.Resources;

/// <summary>What has changed, as it changes.</summary>
internal sealed class LiveResource(Changes changes, TimeProvider time, IHostApplicationLifetime lifetime) : IResource
{
    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(15);

    public IEnumerable<ApiRoute> Routes =>
    [
        new("GET", "live", Right.View, "Server-sent events: `changed` with a Change as data, about once a second at most; a comment every 15 s keeps the line open. Read again what you show.", ListenAsync)
        {
            ResponseType = "text/event-stream",
        },
    ];

    private async Task ListenAsync(ApiCall call)
    {
        // A stop of the host would wait for whoever listens.
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(call.Aborted, lifetime.ApplicationStopping);
        var response = call.Http.Response;
        response.ContentType = "text/event-stream; charset=utf-8";
        response.Headers["X-Accel-Buffering"] = "no";
        call.Http.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        var told = changes.ListenAsync(ended.Token).GetAsyncEnumerator(CancellationToken.None);
        var next = Task.FromResult(true);
        try
        {
            await WriteAsync(": listening\n\n");
            next = told.MoveNextAsync().AsTask();
            while (true)
            {
                if (await Task.WhenAny(next, Task.Delay(KeepAlive, time, ended.Token)) != next)
                {
                    ended.Token.ThrowIfCancellationRequested();
                    await WriteAsync(": still here\n\n");
                    continue;
                }

                if (!await next)
                {
                    return;
                }

                await WriteAsync($"event: changed\ndata: {JsonSerializer.Serialize(told.Current, ApiJson.Default.Change)}\n\n");
                next = told.MoveNextAsync().AsTask();
            }
        }
        catch (OperationCanceledException) when (ended.IsCancellationRequested)
        {
            // Nobody listens any more, or the host stops.
        }
        finally
        {
            // What is being waited for cannot be disposed of before it has ended.
            await ended.CancelQuietlyAsync();
            await next.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            await told.DisposeAsync();
        }

        async Task WriteAsync(string text)
        {
            await response.Body.WriteAsync(Encoding.UTF8.GetBytes(text), ended.Token);
            await response.Body.FlushAsync(ended.Token);
        }
    }
}

using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace ReliableMq.Alerting;

/// <summary>Posts alerts as signed JSON.</summary>
internal sealed class WebhookAlertSink : IAlertSink, IDisposable
{
    private readonly AlertWebhookOptions _options;

    /// <summary>A redirect would lead the signed text to an address that nobody configured. Addresses of names may change.</summary>
    private readonly HttpClient _client = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, PooledConnectionLifetime = TimeSpan.FromMinutes(5) });

    public WebhookAlertSink(AlertWebhookOptions options)
    {
        _options = options;
        // The teller has its own limit.
        _client.Timeout = Timeout.InfiniteTimeSpan;
    }

    public string Name => "webhook";

    public async Task SendAsync(Alert alert, CancellationToken cancellationToken)
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(alert, AlertJson.Default.Alert);
        using var request = new HttpRequestMessage(HttpMethod.Post, _options.Url)
        {
            Content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json", "utf-8") } },
        };
        request.Headers.Add(WebhookSignature.Header, WebhookSignature.Of(body, _options.Secret!));
        using var response = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        if (!response.IsSuccessStatusCode)
        {
            throw new ReliableMqException($"\"{_options.Url}\" answered {(int)response.StatusCode} ({response.ReasonPhrase}). An alert is taken with a status of 200 to 299.");
        }
    }

    public void Dispose() => _client.Dispose();
}

/// <summary>Alerts as JSON, without reflection.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, UseStringEnumConverter = true)]
[JsonSerializable(typeof(Alert))]
internal sealed partial class AlertJson : JsonSerializerContext;

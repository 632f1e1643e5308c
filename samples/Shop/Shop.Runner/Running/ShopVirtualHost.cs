using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;

namespace Shop.Runner.Running;

/// <summary>The virtual host of a Shop on RabbitMQ, through the management API.</summary>
internal sealed class ShopVirtualHost : IDisposable
{
    private readonly string _name;
    private readonly Servers _servers;
    private readonly HttpClient _http;

    public ShopVirtualHost(Servers servers, string shop)
    {
        _name = shop;
        _servers = servers;
        var credentials = Encoding.UTF8.GetBytes($"{servers.UserName}:{servers.Password}");
        _http = new() { BaseAddress = servers.Management };
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(credentials));
    }

    public async Task<bool> ExistsAsync(CancellationToken ct)
    {
        using var response = await SendAsync(HttpMethod.Get, $"/api/vhosts/{_name}", null, ct, HttpStatusCode.NotFound);
        return response.IsSuccessStatusCode;
    }

    /// <summary>Makes it anew, empty: all queues, exchanges and messages of earlier runs are gone.</summary>
    public async Task RecreateAsync(CancellationToken ct)
    {
        await DeleteAsync(ct);
        (await SendAsync(HttpMethod.Put, $"/api/vhosts/{_name}", new { }, ct)).Dispose();
        var all = new { configure = ".*", write = ".*", read = ".*" };
        (await SendAsync(HttpMethod.Put, $"/api/permissions/{_name}/{Uri.EscapeDataString(_servers.UserName)}", all, ct)).Dispose();
    }

    public async Task DeleteAsync(CancellationToken ct) =>
        (await SendAsync(HttpMethod.Delete, $"/api/vhosts/{_name}", null, ct, HttpStatusCode.NotFound)).Dispose();

    public void Dispose() => _http.Dispose();

    private async Task<HttpResponseMessage> SendAsync(
        HttpMethod method, string path, object? body, CancellationToken ct, HttpStatusCode? alsoFine = null)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : JsonContent.Create(body) };
        HttpResponseMessage response;
        try
        {
            response = await _http.SendAsync(request, ct);
        }
        catch (HttpRequestException e)
        {
            throw new ShopException($"RabbitMQ's management API does not answer: {e.Message}. Is RELIABLEMQ_RABBITMQ_MANAGEMENT right, is the server up?", e);
        }

        return response.IsSuccessStatusCode || response.StatusCode == alsoFine
            ? response
            : throw new ShopException($"RabbitMQ's management API answered {(int)response.StatusCode} to {method} {path}: {await response.Content.ReadAsStringAsync(ct)}");
    }
}

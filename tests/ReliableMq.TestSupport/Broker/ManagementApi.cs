using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;

namespace ReliableMq.TestSupport;

/// <summary>The HTTP API of RabbitMQ's management plugin, as its administrator.</summary>
internal sealed class ManagementApi : IDisposable
{
    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    private readonly HttpClient _http;

    public ManagementApi(RabbitMqServer server)
    {
        var credentials = Encoding.UTF8.GetBytes($"{server.UserName}:{server.Password}");
        _http = new HttpClient { BaseAddress = new Uri(server.Management, "/api/"), Timeout = Deadline.Default };
        _http.DefaultRequestHeaders.Authorization =
            new AuthenticationHeaderValue("Basic", Convert.ToBase64String(credentials));
    }

    public async Task<T> GetAsync<T>(string path)
    {
        using var answer = await _http.GetAsync(path);
        await CheckAsync(answer);
        return (await answer.Content.ReadFromJsonAsync<T>(Json))!;
    }

    public async Task PutAsync(string path, object body)
    {
        using var answer = await _http.PutAsJsonAsync(path, body, Json);
        await CheckAsync(answer);
    }

    /// <summary>Deletes; what is not there any more is no error.</summary>
    public async Task DeleteAsync(string path)
    {
        using var answer = await _http.DeleteAsync(path);
        if (answer.StatusCode != HttpStatusCode.NotFound)
        {
            await CheckAsync(answer);
        }
    }

    public async Task<bool> HasAlarmAsync()
    {
        using var answer = await _http.GetAsync("health/checks/local-alarms");
        if (answer.StatusCode == HttpStatusCode.ServiceUnavailable)
        {
            return true;
        }

        await CheckAsync(answer);
        return false;
    }

    public void Dispose() => _http.Dispose();

    private static async Task CheckAsync(HttpResponseMessage answer)
    {
        if (!answer.IsSuccessStatusCode)
        {
            throw new HttpRequestException(
                $"{answer.RequestMessage?.Method} {answer.RequestMessage?.RequestUri} gave {(int)answer.StatusCode}: "
                + await answer.Content.ReadAsStringAsync(),
                null,
                answer.StatusCode);
        }
    }
}

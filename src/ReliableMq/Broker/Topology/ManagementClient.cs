using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using ReliableMq.Broker.Tls;

namespace ReliableMq.Broker.Topology;

/// <summary>Asks RabbitMQ's management plugin what AMQP has no question for. It only reads.</summary>
internal sealed class ManagementClient : IDisposable
{
    private readonly HttpClient _http;
    private readonly string _virtualHost;
    private readonly IBrokerCredentialsProvider _credentials;

    public ManagementClient(BrokerOptions options, string url, IBrokerCredentialsProvider credentials)
    {
        _virtualHost = Uri.EscapeDataString(options.VirtualHost);
        _credentials = credentials;
        var handler = new SocketsHttpHandler { AllowAutoRedirect = false, PooledConnectionLifetime = TimeSpan.FromMinutes(5) };
        var address = new Uri(url.TrimEnd('/') + "/api/");
        if (options.Tls.CaCertificateFile is not null)
        {
            handler.SslOptions.RemoteCertificateValidationCallback =
                new ServerCertificateCheck(address.Host, TlsFiles.Load(options.Tls).Authorities, options.Tls.CheckRevocation).Check;
        }

        _http = new HttpClient(handler) { BaseAddress = address, Timeout = TimeSpan.FromSeconds(10) };
    }

    public Task<ExchangeFacts?> ExchangeAsync(string exchange, CancellationToken cancellationToken) =>
        GetAsync($"exchanges/{_virtualHost}/{Uri.EscapeDataString(exchange)}?columns=type,durable", ExchangeFacts.Read, cancellationToken);

    public Task<QueueFacts?> QueueAsync(string queue, CancellationToken cancellationToken) =>
        GetAsync($"queues/{_virtualHost}/{Uri.EscapeDataString(queue)}?columns=type,durable,arguments,policy,operator_policy,effective_policy_definition", QueueFacts.Read, cancellationToken);

    public Task<QueueBacklog?> BacklogAsync(string queue, CancellationToken cancellationToken) =>
        GetAsync($"queues/{_virtualHost}/{Uri.EscapeDataString(queue)}?columns=messages,messages_ready,messages_unacknowledged", QueueBacklog.Read, cancellationToken);

    /// <summary>All there is to know of a queue; null where it does not exist.</summary>
    public Task<T?> NumbersAsync<T>(string queue, Func<JsonElement, T> read, CancellationToken cancellationToken) where T : class =>
        GetAsync($"queues/{_virtualHost}/{Uri.EscapeDataString(queue)}", read, cancellationToken);

    /// <summary>Null where the queue does not exist.</summary>
    public Task<HashSet<Binding>?> BindingsAsync(string queue, CancellationToken cancellationToken) =>
        GetAsync($"queues/{_virtualHost}/{Uri.EscapeDataString(queue)}/bindings", bindings => bindings.EnumerateArray()
            .Select(binding => new Binding(binding.GetProperty("source").GetString()!, binding.GetProperty("routing_key").GetString()!)).ToHashSet(), cancellationToken);

    private async Task<T?> GetAsync<T>(string path, Func<JsonElement, T> read, CancellationToken cancellationToken) where T : class
    {
        var credentials = await BrokerConnector.CredentialsAsync(_credentials, TimeProvider.System, cancellationToken);
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{credentials.UserName}:{credentials.Password}")));
        using var answer = await _http.SendAsync(request, cancellationToken);
        if (answer.StatusCode == HttpStatusCode.NotFound)
        {
            return null;
        }

        if (answer.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden)
        {
            throw new ReliableMqException($"the user \"{credentials.UserName}\" may not read it; give the user the tag \"management\".");
        }

        answer.EnsureSuccessStatusCode();
        await using var body = await answer.Content.ReadAsStreamAsync(cancellationToken);
        using var json = await JsonDocument.ParseAsync(body, cancellationToken: cancellationToken);
        return read(json.RootElement);
    }

    public void Dispose() => _http.Dispose();
}

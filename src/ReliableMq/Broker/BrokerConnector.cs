using System.Net.Sockets;
using System.Reflection;
using System.Security.Cryptography;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;
using ReliableMq.Broker.Tls;
using ReliableMq.Timing;

namespace ReliableMq.Broker;

/// <summary>Opens one connection, with the credentials and certificates of this moment.</summary>
internal sealed class BrokerConnector(string purpose, ReliableMqOptions options, IBrokerCredentialsProvider provider, TimeProvider time)
{
    private static readonly string Version =
        typeof(BrokerConnector).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";

    /// <summary>For the line, TLS and AMQP together. The client itself waits for ever for a host that accepts and says nothing.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>Tries the hosts in random order, so that processes spread over a cluster.</summary>
    public async Task<(IConnection Connection, BrokerCredentials Credentials)> ConnectAsync(CancellationToken cancellationToken)
    {
        _ = BrokerEndpoints.TryParse(options.Broker.Hosts, out var endpoints, out _);
        var tls = options.Broker.Tls.Enabled ? TlsFiles.Load(options.Broker.Tls) : null;
        var credentials = await CredentialsAsync(provider, time, cancellationToken);
        var factory = Factory(credentials);
        var errors = new List<string>();
        foreach (var endpoint in endpoints.Shuffle())
        {
            try
            {
                return (await ConnectAsync(factory, endpoint, tls, cancellationToken), credentials);
            }
            catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
            {
                errors.Add(endpoints.Count == 1 ? Describe(exception) : $"{endpoint.HostName}:{endpoint.Port}: {Describe(exception)}");
            }
        }

        throw new ReliableMqException(string.Join(" ", errors));
    }

    /// <summary>A provider that hangs would keep the broker away without a word.</summary>
    public static async Task<BrokerCredentials> CredentialsAsync(IBrokerCredentialsProvider provider, TimeProvider time, CancellationToken cancellationToken)
    {
        var asking = provider.GetAsync(cancellationToken).AsTask();
        try
        {
            return await asking.WaitAsync(Patience, time, cancellationToken);
        }
        catch (TimeoutException) when (!asking.IsCompleted)
        {
            throw new ReliableMqException($"The credentials provider {provider.GetType().Name} gave none within {Patience.TotalSeconds} seconds. Look at what it asks.");
        }
    }

    private ConnectionFactory Factory(BrokerCredentials credentials) => new()
    {
        // The client's own recovery can lose a consumer silently and swallows stale acks.
        AutomaticRecoveryEnabled = false,
        TopologyRecoveryEnabled = false,
        VirtualHost = options.Broker.VirtualHost,
        UserName = credentials.UserName,
        Password = credentials.Password,
        RequestedHeartbeat = options.Broker.Heartbeat,
        ContinuationTimeout = TimeSpan.FromSeconds(10),
        ClientProperties =
        {
            ["product"] = "ReliableMq",
            ["version"] = Version,
            ["service"] = options.Service,
            ["host"] = Environment.MachineName,
        },
    };

    private async Task<IConnection> ConnectAsync(ConnectionFactory factory, AmqpTcpEndpoint endpoint, TlsFiles? tls, CancellationToken cancellationToken)
    {
        var check = tls is null ? null : TlsSetup.Apply(endpoint, options.Broker.Tls, tls);
        using var patience = new TimeLimit(Patience, time, cancellationToken);
        BrokerLine? line = null;
        factory.SocketFactory = family => line = new BrokerLine(family, options.Broker.Heartbeat, time);
        try
        {
            var connection = await factory.CreateConnectionAsync([endpoint], $"{options.Service} {purpose}", patience.Token);
            line!.Agree(connection);
            try
            {
                // The client takes a refusal of the virtual host for a connection that was opened and then closed.
                await using var channel = await connection.CreateChannelAsync(cancellationToken: patience.Token);
                return connection;
            }
            catch
            {
                await connection.DisposeAsync();
                throw;
            }
        }
        catch (Exception) when (patience.IsReached && !cancellationToken.IsCancellationRequested)
        {
            throw new ReliableMqException($"No answer within {Patience.TotalSeconds} seconds. Is it RabbitMQ, and does it speak {(tls is null ? "AMQP without TLS" : "AMQP with TLS")} there?");
        }
        catch (Exception exception) when (check is { HasAccepted: true } && line is not { IsSilent: true } && CausesOf(exception).All(cause => cause is IOException or SocketException or CryptographicException))
        {
            // With TLS 1.3 a broker looks at the client's certificate when the client believes to be connected. Its
            // answer is a code of the TLS library, or is overtaken by the end of the connection.
            throw new ReliableMqException($"The broker ended the TLS connection: {Describe(exception)}. {(options.Broker.Tls.ClientCertificateFile is null
                ? "If it asks for a client certificate, set \"ReliableMq:Broker:Tls:ClientCertificateFile\"."
                : "See whether it trusts the issuer of \"ReliableMq:Broker:Tls:ClientCertificateFile\", and whether that has expired.")}", exception);
        }
    }

    /// <summary>What an operator needs to know: the causes, without the errors around them.</summary>
    public static string Describe(Exception exception) =>
        string.Join(" ", CausesOf(exception).Select(cause => cause is OperationInterruptedException { ShutdownReason: { } reason } ? reason.ReplyText : cause.Message).Distinct());

    private static IEnumerable<Exception> CausesOf(Exception exception) => exception switch
    {
        ReliableMqException => [exception],
        AggregateException { InnerExceptions.Count: > 0 } several => several.InnerExceptions.SelectMany(CausesOf),
        { InnerException: { } inner } => CausesOf(inner),
        _ => [exception],
    };
}

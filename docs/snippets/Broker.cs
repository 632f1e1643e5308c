// The code of docs/broker.md. A test compares both with what stands between the marks.
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using ReliableMq;

namespace Snippets;

/// <summary>Whoever gives out tokens in your house.</summary>
public interface IIdentityProvider
{
    Task<(string Token, DateTimeOffset ExpiresAt)> GetTokenAsync(CancellationToken cancellationToken);
}

// begin: credentials
public sealed class TokenCredentials(IIdentityProvider identity) : IBrokerCredentialsProvider
{
    public async ValueTask<BrokerCredentials> GetAsync(CancellationToken cancellationToken)
    {
        var (token, expiresAt) = await identity.GetTokenAsync(cancellationToken);
        return new BrokerCredentials("billing", token, expiresAt);
    }
}
// end: credentials

// begin: target
[Message("sale.stock-reserved.v1", Target = "product")]
public sealed record StockReserved(Guid OrderId, int Quantity);
// end: target

// begin: naming
public sealed class PrefixedNames : INamingPolicy
{
    public string ExchangeOf(string messageName, string? target) => "shop." + messageName[..messageName.IndexOf('.')];

    public string DeadLetterQueueOf(string queue) => queue + ".rejected";

    public string? ExpectedQueue(string queue, string messageName, string? target) =>
        queue.StartsWith("shop.", StringComparison.Ordinal) ? null : "shop." + queue;
}
// end: naming

public static class BrokerExtensionPoints
{
    public static void Register(IHostApplicationBuilder builder)
    {
        // begin: register
        builder.Services.AddSingleton<IBrokerCredentialsProvider, TokenCredentials>();
        builder.Services.AddSingleton<INamingPolicy, PrefixedNames>();
        // end: register
    }
}

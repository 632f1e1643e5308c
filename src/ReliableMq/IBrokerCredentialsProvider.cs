namespace ReliableMq;

/// <summary>
/// Gives the credentials for RabbitMQ where the configuration cannot hold them, such as tokens from an identity
/// provider. Register one as a singleton; it replaces <see cref="BrokerOptions.UserName"/> and
/// <see cref="BrokerOptions.Password"/>.
/// </summary>
public interface IBrokerCredentialsProvider
{
    /// <summary>
    /// Asked at each connect, and again before the credentials expire. An error is logged, shown by the health
    /// check, and the question is repeated after a delay.
    /// </summary>
    ValueTask<BrokerCredentials> GetAsync(CancellationToken cancellationToken);
}

/// <summary>A user of RabbitMQ and what proves it.</summary>
/// <param name="userName">The user's name; ignored by brokers that read it from a token.</param>
/// <param name="password">The password or token.</param>
/// <param name="expiresAt">When it is of no more use. Null where it lasts; then it is not refreshed.</param>
public sealed class BrokerCredentials(string userName, string password, DateTimeOffset? expiresAt = null)
{
    /// <summary>The user's name.</summary>
    public string UserName { get; } = userName;

    /// <summary>The password or token.</summary>
    public string Password { get; } = password;

    /// <summary>When it is of no more use. Null where it lasts.</summary>
    public DateTimeOffset? ExpiresAt { get; } = expiresAt;
}

#if USE_TESTCONTAINERS
using Testcontainers.PostgreSql;
using Testcontainers.RabbitMq;

namespace ReliableMq.TestSupport;

/// <summary>Servers as containers; Testcontainers removes them when the test process has ended.</summary>
internal static class Containers
{
    private const int Amqp = 5672;
    private const int Management = 15672;
    private const string User = "guest";

    public static async Task<RabbitMqServer> StartRabbitMqAsync()
    {
        var version = Environment.GetEnvironmentVariable("RABBITMQ") ?? "4";
        var container = new RabbitMqBuilder()
            .WithImage($"rabbitmq:{version}-management")
            .WithUsername(User)
            .WithPassword(User)
            .WithPortBinding(Management, true)
            .Build();
        await container.StartAsync();
        return new RabbitMqServer(
            container.Hostname,
            container.GetMappedPublicPort(Amqp),
            User,
            User,
            new UriBuilder("http", container.Hostname, container.GetMappedPublicPort(Management)).Uri);
    }

    public static async Task<PostgresServer> StartPostgresAsync()
    {
        var version = Environment.GetEnvironmentVariable("POSTGRES") ?? "18";
        var container = new PostgreSqlBuilder()
            .WithImage($"postgres:{version}")
            .WithCommand("-c", "max_connections=300")
            .Build();
        await container.StartAsync();
        return new PostgresServer(container.GetConnectionString());
    }
}
#endif

namespace ReliableMq.TestSupport;

/// <summary>
/// The RabbitMQ and the PostgreSQL that all tests of a run share, each test in its own
/// <see cref="TestVirtualHost"/> and <see cref="TestDatabase"/>. Taken from the environment where their
/// addresses are set, from containers where the project is built for them, else from <c>./dev up</c>.
/// </summary>
public sealed record SharedServers(RabbitMqServer RabbitMq, PostgresServer Postgres)
{
    private const string RabbitMqAddress = "RELIABLEMQ_RABBITMQ";
    private const string ManagementAddress = "RELIABLEMQ_RABBITMQ_MANAGEMENT";
    private const string PostgresAddress = "RELIABLEMQ_POSTGRES";

    // Once a process; test processes at the same time find the same servers, which outlive them.
    private static readonly Lazy<Task<RabbitMqServer>> TheRabbitMq = new(FindRabbitMqAsync);
    private static readonly Lazy<Task<PostgresServer>> ThePostgres = new(FindPostgresAsync);
    private static readonly Lazy<Task<IReadOnlyDictionary<string, string>>> Started =
        new(() => DevScript.ValuesAsync(["up"]));

    public static async Task<SharedServers> GetAsync() => new(await RabbitMqAsync(), await PostgresAsync());

    internal static Task<RabbitMqServer> RabbitMqAsync() => TheRabbitMq.Value;

    internal static Task<PostgresServer> PostgresAsync() => ThePostgres.Value;

    private static async Task<RabbitMqServer> FindRabbitMqAsync()
    {
        if (Given(RabbitMqAddress) is { } address)
        {
            return RabbitMqServer.Parse(address, Given(ManagementAddress) ?? throw new InvalidOperationException(
                $"{RabbitMqAddress} is set but {ManagementAddress} is not. Set it to http://HOST:PORT of the "
                + "management plugin of the same server."));
        }

#if USE_TESTCONTAINERS
        return await Containers.StartRabbitMqAsync();
#else
        var started = await Started.Value;
        return RabbitMqServer.Parse(started[RabbitMqAddress], started[ManagementAddress]);
#endif
    }

    private static async Task<PostgresServer> FindPostgresAsync()
    {
        if (Given(PostgresAddress) is { } address)
        {
            return new PostgresServer(address);
        }

#if USE_TESTCONTAINERS
        return await Containers.StartPostgresAsync();
#else
        return new PostgresServer((await Started.Value)[PostgresAddress]);
#endif
    }

    private static string? Given(string variable) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } value ? value : null;
}

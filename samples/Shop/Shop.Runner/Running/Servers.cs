using Npgsql;

namespace Shop.Runner.Running;

/// <summary>Where RabbitMQ and PostgreSQL are, as <c>./dev run</c> says in the environment.</summary>
internal sealed record Servers(Uri RabbitMq, Uri Management, string Postgres)
{
    public static Servers FromEnvironment()
    {
        return new(
            Address("RELIABLEMQ_RABBITMQ", "amqp://guest:guest@127.0.0.1:5672"),
            Address("RELIABLEMQ_RABBITMQ_MANAGEMENT", "http://127.0.0.1:15672"),
            ConnectionString("RELIABLEMQ_POSTGRES", "Host=127.0.0.1;Port=5432;Username=postgres"));

        static Uri Address(string name, string example) =>
            Uri.TryCreate(Text(name, example), UriKind.Absolute, out var address)
                ? address
                : throw Wrong(name, example);

        static string ConnectionString(string name, string example)
        {
            try
            {
                return new NpgsqlConnectionStringBuilder(Text(name, example)).ConnectionString;
            }
            catch (ArgumentException)
            {
                throw Wrong(name, example);
            }
        }

        static string Text(string name, string example) =>
            Environment.GetEnvironmentVariable(name) is { Length: > 0 } text
                ? text
                : throw new ShopException($"{name} is not set. Start the Shop with ./dev run, or set it, such as to '{example}'.");

        static ShopException Wrong(string name, string example) =>
            new($"{name} is '{Environment.GetEnvironmentVariable(name)}'. Set it like '{example}'.");
    }

    public string UserName => Credentials[0];

    public string Password => Credentials[1];

    private string[] Credentials =>
        RabbitMq.UserInfo.Split(':') is [var user, var password]
            ? [Uri.UnescapeDataString(user), Uri.UnescapeDataString(password)]
            : ["guest", "guest"];
}

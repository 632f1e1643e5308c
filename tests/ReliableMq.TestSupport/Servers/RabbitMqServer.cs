namespace ReliableMq.TestSupport;

/// <summary>Where a RabbitMQ server is, and its administrator.</summary>
public sealed record RabbitMqServer(string HostName, int Port, string UserName, string Password, Uri Management)
{
    private const int DefaultPort = 5672;

    internal static RabbitMqServer Parse(string amqp, string management)
    {
        var uri = new Uri(amqp);
        var credentials = uri.UserInfo.Split(':', 2);
        if (uri.Scheme != "amqp" || credentials.Length != 2)
        {
            throw new FormatException(
                $"'{amqp}' is no address of a RabbitMQ for tests. Use amqp://USER:PASSWORD@HOST:PORT");
        }

        return new RabbitMqServer(
            uri.Host,
            uri.Port < 0 ? DefaultPort : uri.Port,
            Uri.UnescapeDataString(credentials[0]),
            Uri.UnescapeDataString(credentials[1]),
            new Uri(management));
    }
}

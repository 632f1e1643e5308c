using System.Globalization;
using RabbitMQ.Client;

namespace ReliableMq.Broker;

/// <summary>Reads <see cref="BrokerOptions.Hosts"/>.</summary>
internal static class BrokerEndpoints
{
    public static bool TryParse(string hosts, out IReadOnlyList<AmqpTcpEndpoint> endpoints, out string? wrong)
    {
        var parsed = new List<AmqpTcpEndpoint>();
        endpoints = parsed;
        wrong = null;
        foreach (var part in hosts.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var colon = part.LastIndexOf(':');
            var bracketed = part.StartsWith('[') && part.EndsWith(']');
            var hasPort = colon > 0 && !bracketed && (part.IndexOf(':') == colon || part[colon - 1] == ']');
            var host = (hasPort ? part[..colon] : part).Trim('[', ']');
            var port = AmqpTcpEndpoint.UseDefaultPort;
            if (host.Length == 0 || host.Contains(' ') || host.Contains('/')
                || (hasPort && (!int.TryParse(part.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out port) || port is < 1 or > 65535)))
            {
                wrong = part;
                return false;
            }

            parsed.Add(new AmqpTcpEndpoint(host, port));
        }

        return parsed.Count > 0;
    }
}

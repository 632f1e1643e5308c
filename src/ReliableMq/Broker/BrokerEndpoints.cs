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
            // The colons of an IPv6 address are several; one before a port follows its bracket.
            var colon = part.LastIndexOf(':');
            var hasPort = colon >= 0 && (part.IndexOf(':') == colon || part[colon - 1] == ']');
            var host = hasPort ? part[..colon] : part;
            var port = AmqpTcpEndpoint.UseDefaultPort;
            if (Uri.CheckHostName(host) == UriHostNameType.Unknown
                || (hasPort && (!int.TryParse(part.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out port) || port is < 1 or > 65535)))
            {
                wrong = part;
                return false;
            }

            parsed.Add(new AmqpTcpEndpoint(host.Trim('[', ']'), port));
        }

        return parsed.Count > 0;
    }
}

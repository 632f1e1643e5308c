namespace ReliableMq.Broker.Naming;

/// <summary>One exchange for all messages of a domain, whoever sends or receives them.</summary>
internal sealed class DomainNaming : INamingPolicy
{
    public string ExchangeOf(string messageName, string? target) => MessageNames.DomainOf(messageName);

    public string DeadLetterQueueOf(string queue) => queue + ".dead";
}

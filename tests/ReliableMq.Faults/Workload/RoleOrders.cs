using System.Text.Json;

namespace ReliableMq.Faults.Workload;

/// <summary>What a process of the workload is told.</summary>
/// <param name="Name">Its own, new with every start.</param>
/// <param name="Folder">Where its journal and its log go.</param>
/// <param name="Seed">For its random choices.</param>
/// <param name="Rate">Transactions a second.</param>
/// <param name="MaxUnconfirmed">Messages on their way to the broker; with few of them and a slow line, many wait in the process.</param>
/// <param name="IsStoring">Whether it stores messages, or only sends what is stored.</param>
/// <param name="BrokerHost">The broker, by way of a proxy.</param>
/// <param name="VirtualHost">There.</param>
/// <param name="UserName">There.</param>
/// <param name="Password">There.</param>
/// <param name="ConnectionString">The service's database, by way of a proxy.</param>
/// <param name="DirectConnectionString">The same without: for what a fault must not keep from being noted.</param>
/// <param name="Soak">Only in a soak.</param>
internal sealed record RoleOrders(
    string Name, string Folder, int Seed, double Rate, int MaxUnconfirmed, bool IsStoring, string BrokerHost, string VirtualHost, string UserName, string Password,
    string ConnectionString, string DirectConnectionString, SoakOrders? Soak = null)
{
    public const string Started = "started";

    /// <summary>A line of standard input: no more messages are stored.</summary>
    public const string StopStoring = "stop storing";

    /// <summary>A line of standard input: what waits for its next attempt is sent now, as by an operator.</summary>
    public const string SendNow = "send now";

    /// <summary>The beginning of a line of standard input: the process's clock is wrong by so many seconds.</summary>
    public const string Clock = "clock ";

    public static RoleOrders Parse(string text) => JsonSerializer.Deserialize<RoleOrders>(text)!;

    public override string ToString() => JsonSerializer.Serialize(this);
}

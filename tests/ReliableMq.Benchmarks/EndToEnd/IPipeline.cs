using ReliableMq.TestSupport;

namespace ReliableMq.Benchmarks.EndToEnd;

/// <summary>A sending and a receiving service, each with its own database.</summary>
internal interface IPipeline : IAsyncDisposable
{
    Task StartAsync();

    /// <summary>Commits business rows and their messages in one transaction.</summary>
    Task SendAsync(int first, int count);

    /// <summary>Where the handler reports.</summary>
    Arrivals Arrivals { get; set; }

    /// <summary>The table that is empty when everything is confirmed and recorded.</summary>
    string OutboxTable { get; }
}

/// <summary>Where a pipeline lives.</summary>
internal sealed record Place(TestVirtualHost Broker, TestDatabase Sender, TestDatabase Receiver);

/// <summary>How both pipelines work.</summary>
/// <param name="Name">In results.</param>
/// <param name="UsesEf">EF Core on both sides, else plain ADO.NET.</param>
/// <param name="BatchSize">Messages a transaction of the sender.</param>
internal sealed record Scenario(string Name, bool UsesEf, int BatchSize)
{
    public static readonly Scenario[] All = [new("ef", UsesEf: true, 1), new("ado", UsesEf: false, 1), new("batch", UsesEf: false, 50)];
}

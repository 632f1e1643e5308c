using Microsoft.Extensions.Logging;
using Npgsql;
using ReliableMq.TestSupport;

namespace ReliableMq.Dashboard.Tests.Support;

/// <summary>Connections to a database that tell how many statements went over them.</summary>
internal sealed class CountedStatements : IAsyncDisposable
{
    private readonly CapturingLoggerProvider _logs = new();
    private readonly ILoggerFactory _factory;

    public CountedStatements(string connectionString)
    {
        _factory = LoggerFactory.Create(logging => logging.SetMinimumLevel(LogLevel.Information).AddProvider(_logs));
        Source = new NpgsqlDataSourceBuilder(connectionString).UseLoggerFactory(_factory).Build();
    }

    public NpgsqlDataSource Source { get; }

    public int Count => _logs.Entries.Count(entry => entry.Category == "Npgsql.Command");

    public async ValueTask DisposeAsync()
    {
        await Source.DisposeAsync();
        _factory.Dispose();
    }
}

using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Npgsql;
using ReliableMq.Broker;
using ReliableMq.DeadLettering;
using ReliableMq.Diagnostics;
using ReliableMq.Storage;

namespace ReliableMq.Failing;

/// <summary>Reads the parked messages of the service's inbox databases one after the other, a page at a time.</summary>
internal sealed class ParkedMessages(ServiceDatabases databases, QuietLogger<ParkedMessages> logger) : IParkedMessages
{
    private const int PageSize = 200;

    public async IAsyncEnumerable<ParkedMessage> ListAsync(ParkedMessageFilter? filter = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        foreach (var database in databases.Ready)
        {
            var sql = new ParkedSql(database.Schema);
            (string Queue, string OrderingKey, long Position) after = ("", "", 0);
            List<ParkedMessage> page;
            do
            {
                (page, after) = await ReadPageAsync(database, sql, filter, after, cancellationToken);
                foreach (var message in page)
                {
                    yield return message;
                }
            }
            while (page.Count == PageSize);
        }
    }

    public async Task<bool> GoOnAsync(string queue, string orderingKey, string who, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(queue);
        ArgumentNullException.ThrowIfNull(orderingKey);
        ArgumentException.ThrowIfNullOrWhiteSpace(who);
        var any = false;
        foreach (var database in databases.Ready)
        {
            any |= await new Parking(database, logger).LetGoAsync(queue, orderingKey, who, cancellationToken);
        }

        return any;
    }

    private static async Task<(List<ParkedMessage> Page, (string Queue, string OrderingKey, long Position) After)> ReadPageAsync(
        ServiceDatabase database, ParkedSql sql, ParkedMessageFilter? filter, (string Queue, string OrderingKey, long Position) after, CancellationToken cancellationToken)
    {
        await using var session = await database.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand(sql.Page, session.Connection)
        {
            Parameters =
            {
                new NpgsqlParameter<string>("queue", after.Queue),
                new NpgsqlParameter<string>("ordering_key", after.OrderingKey),
                new NpgsqlParameter<long>("position", after.Position),
                StoredDeadLetter.Text("only_queue", filter?.Queue),
                StoredDeadLetter.Text("only_key", filter?.OrderingKey),
                new NpgsqlParameter<int>("limit", PageSize),
            },
        };
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var page = new List<ParkedMessage>();
        while (await reader.ReadAsync(cancellationToken))
        {
            page.Add(Read(reader));
            after = (reader.GetString(0), reader.GetString(1), reader.GetInt64(2));
        }

        return (page, after);
    }

    private static ParkedMessage Read(NpgsqlDataReader reader) => new()
    {
        Queue = reader.GetString(0),
        OrderingKey = reader.GetString(1),
        MessageId = reader.GetString(3),
        MessageName = reader.GetString(4),
        ParkedAt = reader.GetFieldValue<DateTimeOffset>(5),
        CorrelationId = reader.IsDBNull(6) ? null : reader.GetString(6),
        Body = reader.GetFieldValue<byte[]>(7),
        Headers = HeaderJson.ReadAsText(reader.GetString(8)),
        WaitsFor = reader.IsDBNull(9) ? null : reader.GetString(9),
    };
}

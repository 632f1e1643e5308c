using System.Runtime.CompilerServices;
using Npgsql;
using NpgsqlTypes;
using ReliableMq.Broker;
using ReliableMq.Storage;

namespace ReliableMq.DeadLettering;

/// <summary>Reads the dead letters of the service's inbox databases one after the other, a page at a time.</summary>
internal sealed class DeadLetters(ServiceDatabases databases) : IDeadLetters
{
    private const int PageSize = 200;

    public async IAsyncEnumerable<DeadLetter> ListAsync(DeadLetterFilter? filter = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        if (databases.Inboxes.Count == 0)
        {
            throw new ReliableMqException("This service has no inbox, so it has no dead letters. Call AddReliableMq(…).AddInbox<TContext>().");
        }

        // Inboxes over the same tables have the same dead letters.
        foreach (var database in databases.Inboxes.DistinctBy(inbox => inbox.Sender))
        {
            await foreach (var deadLetter in ListAsync(database, filter, cancellationToken))
            {
                yield return deadLetter;
            }
        }
    }

    private static async IAsyncEnumerable<DeadLetter> ListAsync(ServiceDatabase database, DeadLetterFilter? filter, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var sql = new DeadLetterSql(database.Schema);
        (DateTime DeadAt, string Queue, string MessageId, int Epoch) after = (DateTime.UnixEpoch, "", "", -1);
        while (true)
        {
            var page = new List<DeadLetter>(PageSize);
            await using (var session = await database.OpenAsync(cancellationToken))
            {
                await using var command = new NpgsqlCommand(sql.Page, session.Connection)
                {
                    Parameters =
                    {
                        new NpgsqlParameter("dead_at", NpgsqlDbType.TimestampTz) { Value = after.DeadAt },
                        new NpgsqlParameter<string>("queue", after.Queue),
                        new NpgsqlParameter<string>("message_id", after.MessageId),
                        new NpgsqlParameter<int>("epoch", after.Epoch),
                        StoredDeadLetter.Text("only_queue", filter?.Queue),
                        new NpgsqlParameter<bool>("discarded", filter?.Discarded ?? false),
                        new NpgsqlParameter<int>("limit", PageSize),
                    },
                };
                await using var reader = await command.ExecuteReaderAsync(cancellationToken);
                while (await reader.ReadAsync(cancellationToken))
                {
                    page.Add(Read(reader));
                    after = (reader.GetDateTime(8), reader.GetString(0), reader.GetString(1), reader.GetInt32(2));
                }
            }

            foreach (var deadLetter in page)
            {
                yield return deadLetter;
            }

            if (page.Count < PageSize)
            {
                yield break;
            }
        }
    }

    private static DeadLetter Read(NpgsqlDataReader reader) => new()
    {
        Queue = reader.GetString(0),
        MessageId = reader.GetString(1),
        MessageName = reader.GetString(3),
        Reason = reader.GetString(4),
        ExceptionType = reader.IsDBNull(5) ? null : reader.GetString(5),
        Exception = reader.IsDBNull(6) ? null : reader.GetString(6),
        Attempts = reader.GetInt32(7),
        DeadAt = reader.GetFieldValue<DateTimeOffset>(8),
        Body = reader.GetFieldValue<byte[]>(9),
        Headers = reader.IsDBNull(10) ? new Dictionary<string, string>() : HeaderJson.ReadAsText(reader.GetString(10)),
        CorrelationId = reader.IsDBNull(11) ? null : reader.GetString(11),
        DiscardedAt = reader.IsDBNull(12) ? null : reader.GetFieldValue<DateTimeOffset>(12),
    };
}

using System.Text;
using System.Text.Json;
using ReliableMq.Faults.Running;
using ReliableMq.Faults.Workload;

namespace ReliableMq.Faults.Checking;

/// <summary>Gathers the evidence: the business tables, the dead letters and the journals.</summary>
internal sealed class Witness(Stage stage, string folder)
{
    /// <summary>
    /// First the effects, then what they follow from, so that what happens between the looks is at worst not handled yet:
    /// a dead letter that is replayed meanwhile has no effect yet, and every effect finds its commit.
    /// </summary>
    public async Task<Evidence> LookAsync()
    {
        var effects = await Patiently.DoAsync(() => stage.Handling.QueryAsync(
            "SELECT queue, id, key, after, at FROM effect ORDER BY number",
            row => new EffectRow(row.GetString(0), row.GetString(1), row.IsDBNull(2) ? null : row.GetString(2), row.IsDBNull(3) ? null : row.GetString(3), row.GetDateTime(4))));
        var dead = await Patiently.DoAsync(DeadLettersAsync);
        // A commit is told by the journal after it is in the table, so the journal is read before.
        var journal = Journal.Read(folder).ToList();
        var cancelled = await Patiently.DoAsync(() => stage.Sending.QueryAsync("SELECT message_id FROM reliable_mq.outbox_history WHERE outcome = 'cancelled'", row => row.GetString(0)));
        return new Evidence
        {
            Cancelled = cancelled.ToHashSet(),
            Journal = journal,
            DeadLetters = dead,
            Effects = effects,
            Stored = [.. await StoredAsync(stage.Sending), .. await StoredAsync(stage.Handling)],
            Losses = [.. stage.Losses],
            Sightings = stage.LineWitness.Sightings.ToDictionary(),
            Blind = stage.LineWitness.Blind,
        };
    }

    private static Task<List<StoredRow>> StoredAsync(TestSupport.TestDatabase database) => Patiently.DoAsync(() => database.QueryAsync(
        "SELECT id, kind, key, position, due_at, is_hopeless, may_die, attempts_to_die, stored_at FROM stored",
        row => new StoredRow(row.GetString(0), row.GetString(1), row.IsDBNull(2) ? null : row.GetString(2), row.IsDBNull(3) ? null : row.GetInt64(3),
            row.IsDBNull(4) ? null : row.GetDateTime(4), row.GetBoolean(5), row.GetBoolean(6), row.GetInt32(7), row.GetDateTime(8))));

    private Task<List<DeadRow>> DeadLettersAsync() => stage.Handling.QueryAsync(
        "SELECT queue, body, reason, replayed_at IS NULL AND discarded_at IS NULL, replayed_at IS NULL AND discarded_at IS NOT NULL, attempts FROM reliable_mq.dead_letter UNION ALL SELECT * FROM remembered",
        row => new DeadRow(row.GetString(0), IdOf(row.GetFieldValue<byte[]>(1)), row.GetString(2), row.GetBoolean(3), row.GetBoolean(4), row.GetInt32(5)));

    private static string IdOf(byte[] body)
    {
        try
        {
            using var json = JsonDocument.Parse(body);
            return json.RootElement.GetProperty("id").GetString()!;
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return $"unreadable: {Encoding.UTF8.GetString(body)}";
        }
    }
}

using Npgsql;

namespace ReliableMq.Faults.Workload;

/// <summary>Takes alerts.</summary>
internal sealed class Teller(NpgsqlDataSource database) : IAlertSink
{
    public string Name => "teller";

    public async Task SendAsync(Alert alert, CancellationToken cancellationToken)
    {
        await using var note = database.CreateCommand("INSERT INTO told VALUES ($1, $2, $3, $4)");
        note.Parameters.Add(new() { Value = alert.Id });
        note.Parameters.Add(new() { Value = alert.Kind });
        note.Parameters.Add(new() { Value = alert.Group });
        note.Parameters.Add(new() { Value = alert.Count });
        await note.ExecuteNonQueryAsync(cancellationToken);
    }
}

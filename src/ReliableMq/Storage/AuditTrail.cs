using Npgsql;
using NpgsqlTypes;

namespace ReliableMq.Storage;

/// <summary>Who changed what: a row in the transaction of the change, so that there is neither without the other.</summary>
internal sealed class AuditTrail(string schema)
{
    private readonly string _insert = $"INSERT INTO {schema}.audit (who, action, target, details) VALUES (@who, @action, @target, @details)";

    public async Task WriteAsync(NpgsqlConnection connection, string who, string action, string target, string? details, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(_insert, connection)
        {
            Parameters = { Text("who", who), Text("action", action), Text("target", target), Text("details", details) },
        };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static NpgsqlParameter Text(string name, string? value) =>
        new(name, NpgsqlDbType.Text) { Value = value is null ? DBNull.Value : SafeText.ForPostgres(value) };
}

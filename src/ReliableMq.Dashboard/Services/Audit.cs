using Npgsql;

namespace ReliableMq.Dashboard.Services;

/// <summary>Writes down who did what.</summary>
internal static class Audit
{
    public static Task WriteAsync(NpgsqlConnection connection, string schema, string who, string action, string target, string? details, CancellationToken cancellationToken) =>
        new Statement().With("who", who).With("action", action).With("target", target).With("details", details)
            .RunAsync(connection, $"INSERT INTO {schema}.audit (who, action, target, details) VALUES (@who, @action, @target, @details)", cancellationToken);
}

using Npgsql;

namespace ReliableMq.Storage;

/// <summary>Makes sure that a database has the tables that this version of the library needs.</summary>
internal static class SchemaCheck
{
    /// <exception cref="SchemaException">The schema is missing, too old or too new, or belongs to another service.</exception>
    public static async Task<int> EnsureAsync(ServiceDatabase database, CancellationToken cancellationToken)
    {
        await using var session = await database.OpenAsync(cancellationToken);
        // On tables in use even what creates nothing waits for open transactions, or deadlocks with them.
        if (database.Options.Database.CreateSchema && await ReadVersionAsync(session.Connection, database.Schema, cancellationToken) is not >= SchemaScript.Version)
        {
            await using var transaction = await session.Connection.BeginTransactionAsync(cancellationToken);
            await using var create = new NpgsqlCommand(SchemaScript.For(database.Schema), session.Connection, transaction);
            await create.ExecuteNonQueryAsync(cancellationToken);
            await transaction.CommitAsync(CancellationToken.None);
        }

        var version = await ReadVersionAsync(session.Connection, database.Schema, cancellationToken);
        var name = session.Connection.Database;
        var known = version switch
        {
            null => throw new SchemaException(
                $"The schema \"{database.Schema}\" is missing in the database \"{name}\" of \"{database.Name}\". Apply the script that ReliableMqSchema.Script(\"{database.Schema}\") returns, or set \"ReliableMq:Database:CreateSchema\" to true in development."),
            < SchemaScript.Version => throw new SchemaException(
                $"The schema \"{database.Schema}\" in the database \"{name}\" has version {version}, but this version of ReliableMq needs {SchemaScript.Version}. Apply the script that ReliableMqSchema.Script(\"{database.Schema}\") returns."),
            > SchemaScript.Version + 1 => throw new SchemaException(
                $"The schema \"{database.Schema}\" in the database \"{name}\" has version {version}, but this version of ReliableMq works with {SchemaScript.Version} and {SchemaScript.Version + 1}. Update ReliableMq in this service."),
            _ => version.Value,
        };
        await ClaimAsync(session.Connection, database, cancellationToken);
        return known;
    }

    private static async Task ClaimAsync(NpgsqlConnection connection, ServiceDatabase database, CancellationToken cancellationToken)
    {
        await using var claim = new NpgsqlCommand($"INSERT INTO {database.Schema}.owner (service) VALUES (@service) ON CONFLICT DO NOTHING", connection)
        {
            Parameters = { new NpgsqlParameter<string>("service", database.Options.Service!) },
        };
        await claim.ExecuteNonQueryAsync(cancellationToken);
        await using var read = new NpgsqlCommand($"SELECT service FROM {database.Schema}.owner", connection);
        if (await read.ExecuteScalarAsync(cancellationToken) is string owner && owner != database.Options.Service)
        {
            throw new SchemaException(
                $"The schema \"{database.Schema}\" in the database \"{connection.Database}\" belongs to the service \"{owner}\", but this is \"{database.Options.Service}\": each would send the other's messages. Give this service a schema of its own in \"ReliableMq:Database:Schema\". If both are one service, give both the same \"ReliableMq:Service\"; if it was renamed, update {database.Schema}.owner.");
        }
    }

    private static async Task<int?> ReadVersionAsync(NpgsqlConnection connection, string schema, CancellationToken cancellationToken)
    {
        try
        {
            await using var command = new NpgsqlCommand($"SELECT max(version) FROM {schema}.schema_version", connection);
            return await command.ExecuteScalarAsync(cancellationToken) as int?;
        }
        catch (PostgresException exception) when (exception.SqlState is PostgresErrorCodes.UndefinedTable or PostgresErrorCodes.InvalidSchemaName)
        {
            return null;
        }
    }
}

/// <summary>The database cannot be used until somebody changes it.</summary>
internal sealed class SchemaException(string message) : ReliableMqException(message);

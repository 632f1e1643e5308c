using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Npgsql;

namespace ReliableMq.Outbox;

/// <summary>Writes staged messages with a command of their own, for a save without entity changes.</summary>
internal static class StagedWriter
{
    public static void Write(DbContext context, StagedMessages staged)
    {
        context.Database.OpenConnection();
        try
        {
            using var command = CreateCommand(context, staged);
            command.ExecuteNonQuery();
        }
        catch
        {
            staged.SaveFailed();
            throw;
        }
        finally
        {
            context.Database.CloseConnection();
        }
    }

    public static async Task WriteAsync(DbContext context, StagedMessages staged, CancellationToken cancellationToken)
    {
        await context.Database.OpenConnectionAsync(cancellationToken);
        try
        {
            await using var command = CreateCommand(context, staged);
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
        catch
        {
            staged.SaveFailed();
            throw;
        }
        finally
        {
            await context.Database.CloseConnectionAsync();
        }
    }

    private static NpgsqlCommand CreateCommand(DbContext context, StagedMessages staged)
    {
        var database = staged.Extension.Database;
        var command = new NpgsqlCommand(
            "", (NpgsqlConnection)context.Database.GetDbConnection(), (NpgsqlTransaction?)context.Database.CurrentTransaction?.GetDbTransaction());
        command.CommandText = OutboxParameters.Add(command.Parameters, staged.TakeUnwritten(), database);
        return command;
    }
}

using Microsoft.EntityFrameworkCore;

namespace ReliableMq.Integration.Support;

/// <summary>
/// What was committed, in a table that the library does not know: a number for each message, and for those
/// with an ordering key the order of their commits.
/// </summary>
internal static class JournalEntry
{
    public const string Schema =
        """
        CREATE TABLE counters (key text PRIMARY KEY, number int NOT NULL);
        INSERT INTO counters SELECT 'k' || n, 0 FROM generate_series(0, 9) AS n;
        CREATE TABLE journal (key text, number int NOT NULL);
        CREATE SEQUENCE unordered;
        """;

    /// <summary>Two messages of a key and two without, in one transaction with their journal.</summary>
    public static async Task StoreAsync(DbContext db, string key)
    {
        await using var transaction = await db.Database.BeginTransactionAsync();
        // The counter's row lock, held to the end, makes the number say the order of the commits.
        var number = (await db.Database.SqlQuery<int>($"UPDATE counters SET number = number + 2 WHERE key = {key} RETURNING number AS \"Value\"").ToListAsync())[0];
        var free = await db.Database.SqlQuery<int>($"SELECT nextval('unordered')::int AS \"Value\" FROM generate_series(1, 2)").ToListAsync();
        foreach (var ordered in new[] { number - 1, number })
        {
            db.AddMessage(new Numbered(ordered), new MessageOptions { OrderingKey = key });
            await db.Database.ExecuteSqlAsync($"INSERT INTO journal VALUES ({key}, {ordered})");
        }

        foreach (var unordered in free)
        {
            db.AddMessage(new Numbered(unordered));
            await db.Database.ExecuteSqlAsync($"INSERT INTO journal VALUES (NULL, {unordered})");
        }

        await db.SaveChangesAsync();
        await transaction.CommitAsync();
    }
}

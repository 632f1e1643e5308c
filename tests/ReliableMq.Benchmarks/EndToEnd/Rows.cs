using Npgsql;

namespace ReliableMq.Benchmarks.EndToEnd;

/// <summary>The business rows without EF, one statement for any number.</summary>
internal static class Rows
{
    public static NpgsqlCommand Insert(NpgsqlConnection connection, int first, int count) =>
        new("""INSERT INTO "Entries" ("Number", "Text") SELECT * FROM unnest(@numbers, @texts)""", connection)
        {
            Parameters =
            {
                new NpgsqlParameter<int[]>("numbers", [.. Enumerable.Range(first, count)]),
                new NpgsqlParameter<string[]>("texts", [.. Enumerable.Range(first, count).Select(number => Tick.Of(number).Text)]),
            },
        };
}

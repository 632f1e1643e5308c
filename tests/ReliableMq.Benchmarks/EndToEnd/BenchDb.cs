using Microsoft.EntityFrameworkCore;

namespace ReliableMq.Benchmarks.EndToEnd;

/// <summary>The business tables of both services: one row on each side a message.</summary>
public sealed class BenchDb(DbContextOptions<BenchDb> options) : DbContext(options)
{
    public DbSet<Entry> Entries => Set<Entry>();
}

public sealed class Entry
{
    public int Id { get; set; }
    public int Number { get; set; }
    public string Text { get; set; } = "";
}

/// <summary>About 256 bytes as JSON.</summary>
[Message("bench.tick.v1")]
public sealed record Tick(int Number, string Text)
{
    public static Tick Of(int number) => new(number, Filling);

    private static readonly string Filling = new('x', 220);
}

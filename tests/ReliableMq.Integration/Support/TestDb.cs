using Microsoft.EntityFrameworkCore;

namespace ReliableMq.Integration.Support;

/// <summary>The business tables of the services under test.</summary>
public sealed class TestDb(DbContextOptions<TestDb> options) : DbContext(options)
{
    public DbSet<Effect> Effects => Set<Effect>();
}

/// <summary>What a handler did: one row each time, so that a second effect is seen.</summary>
public sealed class Effect
{
    public int Id { get; set; }
    public int Number { get; set; }
    public string Note { get; set; } = "";
}

[Message("tests.numbered.v1")]
public sealed record Numbered(int Number, string? Text = null);

[Message("tests.followed.v1")]
public sealed record Followed(int Number);

[Message("elsewhere.other.v1")]
public sealed record Elsewhere(int Number);

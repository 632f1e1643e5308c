using Microsoft.EntityFrameworkCore;

namespace ReliableMq.Faults.Workload;

/// <summary>The business tables of the service that sends.</summary>
public sealed class SendingDb(DbContextOptions<SendingDb> options) : DbContext(options)
{
    public DbSet<Stored> Stored => Set<Stored>();

    protected override void OnModelCreating(ModelBuilder model) => BusinessTables.Map(model);
}

/// <summary>The business tables of the service that handles.</summary>
public sealed class HandlingDb(DbContextOptions<HandlingDb> options) : DbContext(options)
{
    public DbSet<Stored> Stored => Set<Stored>();

    public DbSet<Effect> Effects => Set<Effect>();

    protected override void OnModelCreating(ModelBuilder model) => BusinessTables.Map(model);
}

/// <summary>Written in the transaction that stores a message: it is there if and only if that was committed.</summary>
public sealed class Stored
{
    public string Id { get; set; } = "";
    public string Kind { get; set; } = "";
    public string? Key { get; set; }

    /// <summary>The order of the commits of a key.</summary>
    public long? Position { get; set; }
    public DateTime? DueAt { get; set; }

    /// <summary>Whether nothing will ever handle it.</summary>
    public bool IsHopeless { get; set; }

    /// <summary>Whether it has a reason to become a dead letter.</summary>
    public bool MayDie { get; set; }

    /// <summary>How often it has to have failed when it dies.</summary>
    public int AttemptsToDie { get; set; }
}

/// <summary>What a handler did: one row each time, so that a second effect is seen.</summary>
public sealed class Effect
{
    public long Number { get; set; }
    public string Queue { get; set; } = "";
    public string Id { get; set; } = "";
    public string? Key { get; set; }

    /// <summary>The effect of the same key that was the last when this one was made.</summary>
    public string? After { get; set; }
    public string Process { get; set; } = "";
}

internal static class BusinessTables
{
    /// <summary>In both databases; each service uses what it needs.</summary>
    public const string Script =
        """
        CREATE TABLE stored (
            id text PRIMARY KEY, kind text NOT NULL, key text, position bigint, due_at timestamptz,
            is_hopeless boolean NOT NULL, may_die boolean NOT NULL, attempts_to_die integer NOT NULL, stored_at timestamptz NOT NULL DEFAULT clock_timestamp());
        CREATE TABLE counter (key text PRIMARY KEY, number bigint NOT NULL);
        CREATE TABLE effect (
            number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, queue text NOT NULL, id text NOT NULL, key text,
            after text, process text NOT NULL, at timestamptz NOT NULL DEFAULT clock_timestamp());
        CREATE INDEX effect_of_key ON effect (key, number) WHERE key IS NOT NULL;
        CREATE TABLE mended (id text PRIMARY KEY);
        CREATE TABLE happened (id text NOT NULL);
        CREATE TABLE told (alert_id bigint NOT NULL, kind text NOT NULL, group_key text NOT NULL, count bigint NOT NULL);
        CREATE TABLE remembered (queue text NOT NULL, body bytea NOT NULL, reason text NOT NULL, is_waiting boolean NOT NULL, is_discarded boolean NOT NULL, attempts integer NOT NULL);
        """;

    public static void Map(ModelBuilder model)
    {
        model.Entity<Stored>(stored =>
        {
            stored.ToTable("stored").HasKey(row => row.Id);
            stored.Property(row => row.Id).HasColumnName("id");
            stored.Property(row => row.Kind).HasColumnName("kind");
            stored.Property(row => row.Key).HasColumnName("key");
            stored.Property(row => row.Position).HasColumnName("position");
            stored.Property(row => row.DueAt).HasColumnName("due_at");
            stored.Property(row => row.IsHopeless).HasColumnName("is_hopeless");
            stored.Property(row => row.MayDie).HasColumnName("may_die");
            stored.Property(row => row.AttemptsToDie).HasColumnName("attempts_to_die");
        });
        model.Entity<Effect>(effect =>
        {
            effect.ToTable("effect").HasKey(row => row.Number);
            effect.Property(row => row.Number).HasColumnName("number").UseIdentityAlwaysColumn();
            effect.Property(row => row.Queue).HasColumnName("queue");
            effect.Property(row => row.Id).HasColumnName("id");
            effect.Property(row => row.Key).HasColumnName("key");
            effect.Property(row => row.After).HasColumnName("after");
            effect.Property(row => row.Process).HasColumnName("process");
        });
    }
}

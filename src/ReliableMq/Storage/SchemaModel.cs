using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace ReliableMq.Storage;

/// <summary>
/// The library's tables in a user's EF model, for migrations only. They are bags of properties without a class,
/// which nothing of the user's model refers to.
/// </summary>
internal static class SchemaModel
{
    public static void AddTo(ModelBuilder modelBuilder, string schema)
    {
        foreach (var table in SchemaReader.Read(SchemaScript.For(schema)))
        {
            modelBuilder.SharedTypeEntity<Dictionary<string, object>>(EntityName(schema, table.Name), entity => Add(entity, schema, table));
        }

        // One row a version, so that a later migration only adds one.
        modelBuilder.SharedTypeEntity<Dictionary<string, object>>(EntityName(schema, "schema_version"))
            .HasData(Enumerable.Range(1, SchemaScript.Version).Select(version => new Dictionary<string, object> { ["version"] = version }));
    }

    private static string EntityName(string schema, string table) => $"{schema}.{table}";

    private static void Add(EntityTypeBuilder<Dictionary<string, object>> entity, string schema, TableDefinition table)
    {
        // The names are PostgreSQL's own for constraints that the script does not name.
        entity.ToTable(table.Name, schema, tableBuilder =>
        {
            foreach (var column in table.Columns.Where(column => column.Check is not null))
            {
                tableBuilder.HasCheckConstraint($"{table.Name}_{column.Name}_check", column.Check!);
            }
        });
        foreach (var (column, order) in table.Columns.Select((column, order) => (column, order)))
        {
            Add(entity, schema, table, column, order);
        }

        entity.HasKey(table.Key).HasName($"{table.Name}_pkey");
        foreach (var index in table.Indexes)
        {
            entity.HasIndex(index.Columns, index.Name).IsUnique(index.Unique).HasFilter(index.Filter);
        }
    }

    private static void Add(EntityTypeBuilder<Dictionary<string, object>> entity, string schema, TableDefinition table, ColumnDefinition column, int order)
    {
        var property = entity.Property(ClrTypeOf(column), column.Name).HasColumnName(column.Name).HasColumnType(column.Type).HasColumnOrder(order)
            .IsRequired(column.Required);
        _ = column.Default is null && column.Identity is null ? property.ValueGeneratedNever() : property.ValueGeneratedOnAdd();
        if (column.Collation is not null)
        {
            property.UseCollation(column.Collation);
        }

        if (column.Default is not null)
        {
            property.HasDefaultValueSql(column.Default);
        }

        if (column.Identity is not null)
        {
            _ = column.Identity == "ALWAYS" ? property.UseIdentityAlwaysColumn() : property.UseIdentityByDefaultColumn();
        }

        if (column.References is not null)
        {
            entity.HasOne(EntityName(schema, column.References), null).WithMany().HasForeignKey(column.Name)
                .HasConstraintName($"{table.Name}_{column.Name}_fkey").OnDelete(DeleteBehavior.NoAction);
        }
    }

    private static Type ClrTypeOf(ColumnDefinition column)
    {
        var type = column.Type switch
        {
            "uuid" => typeof(Guid),
            "text" or "jsonb" => typeof(string),
            "bytea" => typeof(byte[]),
            "timestamptz" => typeof(DateTimeOffset),
            "bigint" => typeof(long),
            "integer" => typeof(int),
            "smallint" => typeof(short),
            "boolean" => typeof(bool),
            "interval" => typeof(TimeSpan),
            _ => throw new InvalidOperationException($"The type \"{column.Type}\" of the column \"{column.Name}\" has no counterpart in EF's model yet."),
        };
        return type.IsValueType && !column.Required ? typeof(Nullable<>).MakeGenericType(type) : type;
    }
}

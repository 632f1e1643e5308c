using ReliableMq;
using ReliableMq.Storage;

namespace Microsoft.EntityFrameworkCore;

/// <summary>Adds ReliableMq's tables to a model.</summary>
public static class ReliableMqModelBuilderExtensions
{
    /// <summary>
    /// Adds ReliableMq's tables to the context's migrations, which then create what
    /// <see cref="ReliableMqSchema.Script"/> creates. Call it at the end of <c>OnModelCreating</c>, in one of
    /// the contexts that share a schema. It changes nothing else: the tables have no classes and are neither
    /// queried nor tracked through the context.
    /// </summary>
    /// <param name="modelBuilder">The builder of a context on PostgreSQL.</param>
    /// <param name="schema">As given to <c>AddOutbox</c>, or in <see cref="DatabaseOptions.Schema"/>.</param>
    /// <exception cref="ArgumentException">The name is not a valid schema name.</exception>
    public static ModelBuilder AddReliableMq(this ModelBuilder modelBuilder, string schema = "reliable_mq")
    {
        ArgumentNullException.ThrowIfNull(modelBuilder);
        SchemaName.ThrowIfInvalid(schema, nameof(schema));
        SchemaModel.AddTo(modelBuilder, schema);
        return modelBuilder;
    }
}

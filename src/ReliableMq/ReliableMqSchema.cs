using ReliableMq.Storage;

namespace ReliableMq;

/// <summary>The library's tables, for those who apply schema changes themselves.</summary>
public static class ReliableMqSchema
{
    /// <summary>
    /// The SQL that creates the schema and its tables. It is idempotent: applied again it changes nothing.
    /// Run it in one transaction with the right to create; at run time SELECT, INSERT, UPDATE and DELETE suffice.
    /// </summary>
    /// <param name="schema">As in <see cref="DatabaseOptions.Schema"/>.</param>
    /// <exception cref="ArgumentException">The name is not a valid schema name.</exception>
    public static string Script(string schema = "reliable_mq")
    {
        SchemaName.ThrowIfInvalid(schema, nameof(schema));
        return SchemaScript.For(schema);
    }
}

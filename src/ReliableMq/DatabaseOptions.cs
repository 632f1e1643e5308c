namespace ReliableMq;

/// <summary>The library's own tables: section <c>ReliableMq:Database</c>.</summary>
public sealed class DatabaseOptions
{
    /// <summary>The PostgreSQL schema that holds the tables. One service owns a schema.</summary>
    /// <value>Default: <c>reliable_mq</c>. Lower-case letters, digits and <c>_</c>, at most 63.</value>
    public string Schema { get; set; } = "reliable_mq";

    /// <summary>
    /// Creates the schema and its tables at start where they are missing. Needs the right to create;
    /// meant for development. In production apply the script that <see cref="ReliableMqSchema.Script"/> returns.
    /// </summary>
    /// <value>Default: false.</value>
    public bool CreateSchema { get; set; }
}

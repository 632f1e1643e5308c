using Npgsql;

namespace ReliableMq.Dashboard;

/// <summary>What the dashboard shows, and to whom.</summary>
public sealed class ReliableMqDashboardOptions
{
    /// <summary>The authorization policy that everybody needs; seeing bodies and operating are rights on top of it.</summary>
    /// <value>Default: null. Then <c>RequireAuthorization</c> at <c>MapReliableMqDashboard</c> decides, or, without it, the link in the log of the start; in Development callers on this machine are served as well.</value>
    public string? ViewerPolicy { get; set; }

    /// <summary>The authorization policy that a caller needs to change something.</summary>
    /// <value>Default: null: whoever may view may operate.</value>
    public string? OperatorPolicy { get; set; }

    /// <summary>The authorization policy that a caller needs to see the bodies of messages.</summary>
    /// <value>Default: null: whoever may view sees bodies.</value>
    public string? BodyPolicy { get; set; }

    /// <summary>Whether nobody may change anything.</summary>
    /// <value>Default: false.</value>
    public bool IsReadOnly { get; set; }

    internal List<RemoteService> Remote { get; } = [];

    /// <summary>
    /// Shows another service, by its tables. What an operator does is written there, and the processes of that service
    /// do it. The service of this process need not be added.
    /// </summary>
    /// <param name="name">As the dashboard calls it: letters, digits, <c>-</c>, <c>_</c> and <c>.</c>, at most 100.</param>
    /// <param name="dataSource">Its database; the dashboard does not dispose it.</param>
    /// <param name="schema">The schema of its tables.</param>
    public ReliableMqDashboardOptions AddService(string name, NpgsqlDataSource dataSource, string schema = "reliable_mq")
    {
        ArgumentNullException.ThrowIfNull(dataSource);
        Remote.Add(new RemoteService(name, dataSource, null, schema));
        return this;
    }

    /// <inheritdoc cref="AddService(string, NpgsqlDataSource, string)"/>
    /// <param name="name">As the dashboard calls it: letters, digits, <c>-</c>, <c>_</c> and <c>.</c>, at most 100.</param>
    /// <param name="connectionString">Of its database.</param>
    /// <param name="schema">The schema of its tables.</param>
    public ReliableMqDashboardOptions AddService(string name, string connectionString, string schema = "reliable_mq")
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(connectionString);
        Remote.Add(new RemoteService(name, null, connectionString, schema));
        return this;
    }
}

/// <summary>What <c>AddService</c> said.</summary>
internal sealed record RemoteService(string Name, NpgsqlDataSource? DataSource, string? ConnectionString, string Schema);

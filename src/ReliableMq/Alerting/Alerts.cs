using System.Text.Json;
using Npgsql;
using NpgsqlTypes;
using ReliableMq.Storage;

namespace ReliableMq.Alerting;

/// <summary>
/// The raising side of one database's alerts. Raising inserts a row and takes no lock that another raise could
/// wait for, in whatever transaction and order; what is alike is put together when it is told.
/// </summary>
internal sealed class Alerts(AlertSql sql)
{
    /// <summary>Bounds of what is stored. Kind and group are one index entry, which holds 2,704 bytes at most.</summary>
    private const int LongestKind = 100, LongestGroup = 600, LongestText = 2_000, LongestReason = 500, MostExamples = 10;

    /// <summary>After this time the transaction of a raise has usually committed.</summary>
    private static readonly TimeSpan UsualCommit = TimeSpan.FromMilliseconds(200);

    /// <summary>How soon it is worth looking for what was raised. Called on any thread; must not block.</summary>
    public event Action<TimeSpan>? Raised;

    /// <summary>Raises an alert in the connection's current transaction, if it has one.</summary>
    public Task RaiseAsync(NpgsqlConnection connection, AlertRaise raise, CancellationToken cancellationToken) =>
        RaiseAsync(connection, [raise], cancellationToken);

    /// <summary>Raises several in one statement.</summary>
    public async Task RaiseAsync(NpgsqlConnection connection, IReadOnlyCollection<AlertRaise> raises, CancellationToken cancellationToken)
    {
        if (raises.Count > 0)
        {
            await using var batch = new NpgsqlBatch(connection) { BatchCommands = { Command(raises) } };
            await batch.ExecuteNonQueryAsync(cancellationToken);
            WakeSoon();
        }
    }

    /// <summary>
    /// The statement alone, to ride in a batch with others; at least one is raised. Call <see cref="WakeSoon"/>
    /// when the batch has run.
    /// </summary>
    public NpgsqlBatchCommand Command(IReadOnlyCollection<AlertRaise> raises)
    {
        var groups = raises.GroupBy(raise => (raise.Kind, raise.Group)).ToArray();
        return new NpgsqlBatchCommand(sql.Raise)
        {
            Parameters =
            {
                Texts("kinds", groups, group => Short(group.Key.Kind, LongestKind)),
                Texts("groups", groups, group => Short(group.Key.Group, LongestGroup)),
                Texts("severities", groups, group => SeverityText.Of(group.Last().Severity)),
                Texts("texts", groups, group => Short(group.Last().Text, LongestText)),
                new NpgsqlParameter<long[]>("rmq_alert_counts", [.. groups.Select(group => (long)group.Count())]),
                Texts("examples", groups, Examples),
            },
        };
    }

    /// <summary>A hint that something was raised, in a transaction that may still be open. The poll finds the rest.</summary>
    public void WakeSoon() => Raised?.Invoke(UsualCommit);

    /// <summary>What was raised has just become visible in its alerts.</summary>
    public void Gathered() => Raised?.Invoke(TimeSpan.Zero);

    private static string Examples(IEnumerable<AlertRaise> group) => JsonSerializer.Serialize(
        group.Where(raise => raise.MessageId is not null || raise.Reason is not null)
            .Reverse().Take(MostExamples)
            .Select(raise => new AlertExample(Short(raise.MessageId, LongestReason), Short(raise.Reason, LongestReason))),
        JsonSerializerOptions.Web);

    private static string Short(string? text, int longest) =>
        SafeText.Clean(text is null ? "" : text.Length > longest ? string.Concat(text.AsSpan(0, longest - 1), "…") : text);

    private static NpgsqlParameter<string[]> Texts<T>(string name, T[] groups, Func<T, string> read) =>
        new($"rmq_alert_{name}", NpgsqlDbType.Array | NpgsqlDbType.Text) { TypedValue = [.. groups.Select(read)] };
}

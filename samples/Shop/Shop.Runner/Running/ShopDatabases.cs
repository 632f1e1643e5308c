using Npgsql;

namespace Shop.Runner.Running;

/// <summary>
/// The three databases of a Shop. The comment on that of Orders tells the next run how far this one came; it
/// is dropped last and created last, so it speaks for all three.
/// </summary>
internal sealed class ShopDatabases(string server, string shop) : IAsyncDisposable
{
    private const string Mark = "ReliableMq sample Shop";

    private readonly NpgsqlConnection _maintenance = new(
        new NpgsqlConnectionStringBuilder(server) { Database = "postgres", Pooling = false }.ConnectionString);

    public string Orders { get; } = $"{shop}_orders";

    public string Billing { get; } = $"{shop}_billing";

    public string Shipping { get; } = $"{shop}_shipping";

    private string[] All => [Orders, Billing, Shipping];

    /// <summary>For a service; the name of the application tells the next run that it is still connected.</summary>
    public string ServiceConnection(string database, string by) =>
        new NpgsqlConnectionStringBuilder(server) { Database = database, ApplicationName = by }.ConnectionString;

    public ShopData OpenData() => new(Connection(Orders), Connection(Billing), Connection(Shipping));

    /// <summary>Connects, and makes this the only run of this Shop on the server until disposed.</summary>
    public async Task OpenAsync(CancellationToken ct)
    {
        try
        {
            await _maintenance.OpenAsync(ct);
        }
        catch (NpgsqlException e)
        {
            throw new ShopException($"PostgreSQL does not answer: {e.Message}. Is RELIABLEMQ_POSTGRES right, is the server up?", e);
        }

        try
        {
            // An earlier run that has just ended may take a moment to be gone.
            await ExecuteAsync("set lock_timeout = '5s'", ct);
            await using var command = new NpgsqlCommand("select pg_advisory_lock(hashtextextended($1, 0))", _maintenance);
            command.Parameters.Add(new() { Value = $"{Mark}: {shop}" });
            await command.ExecuteNonQueryAsync(ct);
            await ExecuteAsync("reset lock_timeout", ct);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.LockNotAvailable)
        {
            throw new ShopException($"Another run of the Shop '{shop}' uses this PostgreSQL server. End that one, or give this one another --name.", e);
        }
    }

    /// <summary>The names of the services that are connected to the databases.</summary>
    public async Task<IReadOnlyList<string>> ConnectedServicesAsync(CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(
            "select distinct application_name from pg_stat_activity where application_name = any($1) order by 1", _maintenance);
        command.Parameters.Add(new() { Value = All });
        await using var reader = await command.ExecuteReaderAsync(ct);
        var names = new List<string>();
        while (await reader.ReadAsync(ct))
        {
            names.Add(reader.GetString(0));
        }

        return names;
    }

    /// <summary>The databases that are there, with their comments.</summary>
    public async Task<IReadOnlyDictionary<string, string?>> CommentsAsync(CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(
            "select datname, shobj_description(oid, 'pg_database') from pg_database where datname = any($1)", _maintenance);
        command.Parameters.Add(new() { Value = All });
        await using var reader = await command.ExecuteReaderAsync(ct);
        var comments = new Dictionary<string, string?>();
        while (await reader.ReadAsync(ct))
        {
            comments.Add(reader.GetString(0), await reader.IsDBNullAsync(1, ct) ? null : reader.GetString(1));
        }

        return comments;
    }

    public static bool IsOurs(string? comment) => comment?.StartsWith(Mark, StringComparison.Ordinal) == true;

    /// <summary>Whether all three are there, from a run of as many orders that did not reach its end.</summary>
    public bool IsInterruptedRun(IReadOnlyDictionary<string, string?> comments, int orders) =>
        comments.Count == All.Length && comments[Orders] == NotEnded(orders);

    /// <summary>
    /// Makes all three anew. <paramref name="between"/> runs while nothing but the old <c>shop_orders</c>
    /// is left: interrupted there, the next run begins anew as well.
    /// </summary>
    public async Task RecreateAsync(int orders, Func<Task> between, CancellationToken ct)
    {
        await DropAsync(between, ct);
        await CreateAsync(Shipping, Mark);
        await CreateAsync(Billing, Mark);
        await CreateAsync(Orders, NotEnded(orders));
    }

    /// <inheritdoc cref="RecreateAsync"/>
    public async Task DropAsync(Func<Task> between, CancellationToken ct)
    {
        await DropAsync(Shipping, ct);
        await DropAsync(Billing, ct);
        await between();
        await DropAsync(Orders, ct);
    }

    public Task MarkEndedAsync() => ExecuteAsync($"comment on database {Orders} is '{Mark}, run ended'", CancellationToken.None);

    public ValueTask DisposeAsync() => _maintenance.DisposeAsync();

    private static string NotEnded(int orders) => $"{Mark}, run of {orders} orders, not ended";

    private string Connection(string database) => new NpgsqlConnectionStringBuilder(server) { Database = database }.ConnectionString;

    private Task DropAsync(string database, CancellationToken ct) =>
        ExecuteAsync($"drop database if exists {database} with (force)", ct);

    // Not cancelled: between the two statements stands a database that nobody would know as ours.
    private async Task CreateAsync(string database, string comment)
    {
        await ExecuteAsync($"create database {database} template template0", CancellationToken.None);
        await ExecuteAsync($"comment on database {database} is '{comment}'", CancellationToken.None);
    }

    private async Task ExecuteAsync(string sql, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(sql, _maintenance);
        await command.ExecuteNonQueryAsync(ct);
    }
}

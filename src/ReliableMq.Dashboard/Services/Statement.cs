using System.Globalization;
using Npgsql;
using NpgsqlTypes;

namespace ReliableMq.Dashboard.Services;

/// <summary>A statement with its parameters and the conditions that a filter adds to it.</summary>
internal sealed class Statement
{
    private readonly List<NpgsqlParameter> _parameters = [];
    private readonly List<string> _conditions = [];

    /// <summary>All conditions, for a WHERE.</summary>
    public string Conditions => _conditions.Count == 0 ? "true" : string.Join(" AND ", _conditions);

    public Statement Where(string condition)
    {
        _conditions.Add(condition);
        return this;
    }

    /// <summary>Adds a condition where there is a value for it.</summary>
    public Statement Where(string condition, string name, string? value) => value is null ? this : Where(condition).With(name, value);

    public Statement Where(string condition, string name, DateTimeOffset? value) => value is { } time ? Where(condition).With(name, time) : this;

    public Statement With(string name, string? value) => Add(new NpgsqlParameter(name, NpgsqlDbType.Text) { Value = (object?)value ?? DBNull.Value });

    public Statement With(string name, int value) => Add(new NpgsqlParameter<int>(name, value));

    public Statement With(string name, long value) => Add(new NpgsqlParameter<long>(name, value));

    /// <summary>The row of the outbox that has this message id as its own; none if that cannot be.</summary>
    public Statement WithRowOf(string messageId) => With("message_row", Guid.TryParseExact(messageId, "D", out var row) ? row : Guid.AllBitsSet);

    public Statement With(string name, Guid value) => Add(new NpgsqlParameter<Guid>(name, value));

    public Statement With(string name, DateTimeOffset value) => Add(new NpgsqlParameter(name, NpgsqlDbType.TimestampTz) { Value = value.UtcDateTime });

    public Statement With(string name, string[] values) => Add(new NpgsqlParameter(name, NpgsqlDbType.Array | NpgsqlDbType.Text) { Value = values });

    public Statement With(string name, Guid[] values) => Add(new NpgsqlParameter(name, NpgsqlDbType.Array | NpgsqlDbType.Uuid) { Value = values });

    public async Task<List<T>> ReadAsync<T>(NpgsqlConnection connection, string sql, Func<NpgsqlDataReader, T> read, CancellationToken cancellationToken)
    {
        await using var command = Command(connection, sql);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var rows = new List<T>();
        while (await reader.ReadAsync(cancellationToken))
        {
            rows.Add(read(reader));
        }

        return rows;
    }

    public async Task<int> RunAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using var command = Command(connection, sql);
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private Statement Add(NpgsqlParameter parameter)
    {
        _parameters.Add(parameter);
        return this;
    }

    private NpgsqlCommand Command(NpgsqlConnection connection, string sql)
    {
        var command = new NpgsqlCommand(sql, connection);
        command.Parameters.AddRange(_parameters.Select(parameter => parameter.Clone()).ToArray());
        return command;
    }
}

/// <summary>Columns that may be null, and keys as text.</summary>
internal static class Columns
{
    public static string? Text(this NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetString(column);

    public static DateTimeOffset Time(this NpgsqlDataReader reader, int column) => reader.GetFieldValue<DateTimeOffset>(column);

    public static DateTimeOffset? TimeOrNull(this NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetFieldValue<DateTimeOffset>(column);

    /// <summary>Exact, as a part of a key.</summary>
    public static string Key(this DateTimeOffset time) => time.UtcTicks.ToString(CultureInfo.InvariantCulture);

    public static DateTimeOffset Ticks(string key)
    {
        var ticks = long.Parse(key, NumberStyles.None, CultureInfo.InvariantCulture);
        return ticks <= DateTimeOffset.MaxValue.UtcTicks ? new DateTimeOffset(ticks, TimeSpan.Zero) : throw new FormatException();
    }

    /// <summary>The condition that a text has another in it, ASCII letters in upper or lower case: others would have to be looked up one by one.</summary>
    public static string Holds(string column, string value) => $"strpos(lower({column} COLLATE \"C\"), lower({value} COLLATE \"C\")) > 0";

    public static string Attempts(int count) => count == 1 ? "1 attempt" : $"{count} attempts";

    public static string FirstLine(string text) => text.AsSpan().IndexOfAny('\r', '\n') is >= 0 and var end ? text[..end] : text;
}

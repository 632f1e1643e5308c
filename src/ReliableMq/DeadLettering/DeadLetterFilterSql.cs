using Npgsql;
using NpgsqlTypes;

namespace ReliableMq.DeadLettering;

/// <summary>A filter as conditions on <c>dead_letter AS d</c>. What is not asked for is not looked at.</summary>
internal static class DeadLetterFilterSql
{
    /// <summary>Names the conditions and adds their parameters, each with the prefix <c>f_</c>.</summary>
    public static string Add(NpgsqlParameterCollection parameters, DeadLetterFilter filter)
    {
        var conditions = new List<string>
        {
            filter.State switch
            {
                DeadLetterState.Discarded => "d.discarded_at IS NOT NULL AND d.replayed_at IS NULL",
                DeadLetterState.Replayed => "d.replayed_at IS NOT NULL",
                DeadLetterState.Waiting => "d.discarded_at IS NULL AND d.replayed_at IS NULL",
                _ => "true",
            },
        };
        Text("queue", filter.Queue, "d.queue = @f_queue");
        Text("message_id", filter.MessageId, "d.message_id = @f_message_id");
        if (filter.Epoch is { } epoch)
        {
            parameters.Add(new NpgsqlParameter<int>("f_epoch", epoch));
            conditions.Add("d.epoch = @f_epoch");
        }

        Text("name", filter.MessageName, "d.name = @f_name");
        Text("error_type", filter.ExceptionType, filter.ExceptionType is "" ? "@f_error_type = '' AND d.error_type IS NULL" : "d.error_type = @f_error_type");
        Text("correlation_id", filter.CorrelationId, "d.correlation_id = @f_correlation_id");
        Text("text", filter.Text, "(strpos(lower(d.reason COLLATE \"C\"), lower(@f_text COLLATE \"C\")) > 0 OR strpos(lower(d.error COLLATE \"C\"), lower(@f_text COLLATE \"C\")) > 0)");
        Time("from", filter.DeadFrom, "d.dead_at >= @f_from");
        Time("until", filter.DeadUntil, "d.dead_at < @f_until");
        return string.Join(" AND ", conditions);

        void Text(string name, string? value, string condition)
        {
            if (value is not null)
            {
                parameters.Add(StoredDeadLetter.Text("f_" + name, value));
                conditions.Add(condition);
            }
        }

        void Time(string name, DateTimeOffset? value, string condition)
        {
            if (value is { } time)
            {
                parameters.Add(new NpgsqlParameter("f_" + name, NpgsqlDbType.TimestampTz) { Value = time.UtcDateTime });
                conditions.Add(condition);
            }
        }
    }
}

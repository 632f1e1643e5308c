using Npgsql;
using NpgsqlTypes;

namespace ReliableMq.DeadLettering;

/// <summary>How far a reader of dead letters is, in their order: by time, then by key.</summary>
internal readonly record struct DeadLetterPosition(DateTime DeadAt, string Queue, string MessageId, int Epoch)
{
    public static readonly DeadLetterPosition Start = new(DateTime.UnixEpoch, "", "", -1);

    public void AddTo(NpgsqlParameterCollection parameters)
    {
        parameters.Add(new NpgsqlParameter("last_dead_at", NpgsqlDbType.TimestampTz) { Value = DeadAt });
        parameters.Add(new NpgsqlParameter<string>("last_queue", Queue));
        parameters.Add(new NpgsqlParameter<string>("last_message_id", MessageId));
        parameters.Add(new NpgsqlParameter<int>("last_epoch", Epoch));
    }
}

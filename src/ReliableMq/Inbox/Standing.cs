using Npgsql;
using ReliableMq.Receiving;

namespace ReliableMq.Inbox;

/// <summary>What the database knows of a message that failed before.</summary>
internal sealed record Standing(int Epoch, int Attempts, string State, TimeSpan? UntilNextAttempt)
{
    /// <summary>The key that it holds back; null for none.</summary>
    public string? OrderingKey { get; init; }

    /// <summary>Of the body that came at first; null when that is not known.</summary>
    public Guid? Fingerprint { get; init; }

    /// <summary>Whether another message failed under the delivery's id.</summary>
    public bool IsOfAnother(Delivery delivery) => IsOfAnother(delivery, Epoch, Fingerprint);

    /// <inheritdoc cref="IsOfAnother(Delivery)"/>
    /// <remarks>What was edited to be replayed comes in a later epoch.</remarks>
    public static bool IsOfAnother(Delivery delivery, int epoch, Guid? fingerprint) => delivery.Epoch <= epoch && fingerprint is { } own && own != delivery.Fingerprint;

    /// <summary>Reads the result of <see cref="InboxSql.Standing"/>; null where the message never failed.</summary>
    public static async Task<Standing?> ReadAsync(NpgsqlDataReader reader, CancellationToken cancellationToken) =>
        await reader.ReadAsync(cancellationToken) && !reader.IsDBNull(0)
            ? new Standing(reader.GetInt32(0), reader.GetInt32(1), reader.GetString(2), reader.IsDBNull(3) ? null : reader.GetFieldValue<TimeSpan>(3))
            {
                OrderingKey = reader.IsDBNull(4) ? null : reader.GetString(4),
                Fingerprint = reader.IsDBNull(5) ? null : reader.GetGuid(5),
            }
            : null;
}

/// <summary>What to do with a delivery before its handler could run.</summary>
internal enum Admission
{
    Run,

    /// <summary>Done before, moved on in a later epoch, or discarded: ack.</summary>
    Settled,

    /// <summary>Dead already: to the dead-letter queue, again.</summary>
    Dead,

    /// <summary>Its next attempt is not due, because a lost connection brought it back early.</summary>
    TooEarly,

    /// <summary>An earlier message of its ordering key is not done: it is parked.</summary>
    Behind,
}

/// <summary>The decision, without a database.</summary>
internal static class AdmissionRules
{
    /// <summary>
    /// What becomes of the delivery of a stored dead letter. The copy that the dead-letter queue would bring is
    /// recognised by its id, which must then be its own.
    /// </summary>
    public static Settlement SettleDead(Delivery delivery) => delivery.HasDerivedId ? Settlement.Ack : Settlement.DeadLetter;

    /// <summary>Below this the rest of a delay is not worth holding the delivery again.</summary>
    private static readonly TimeSpan WorthWaiting = TimeSpan.FromMilliseconds(50);

    /// <param name="isNew">Whether it is not done.</param>
    /// <param name="epoch">The delivery's.</param>
    /// <param name="standing">Null for a message that never failed. One that did has its place in the order already, or none.</param>
    /// <param name="isKeyHeld">Whether another message holds back its ordering key.</param>
    public static Admission Admit(bool isNew, int epoch, Standing? standing, bool isKeyHeld) =>
        !isNew ? Admission.Settled
        : standing is null ? isKeyHeld ? Admission.Behind : Admission.Run
        : epoch < standing.Epoch || standing.State == "discarded" ? Admission.Settled
        : epoch > standing.Epoch ? Admission.Run
        : standing.State == "dead" ? Admission.Dead
        : standing.UntilNextAttempt > WorthWaiting && standing.State == "failing" ? Admission.TooEarly
        : Admission.Run;
}

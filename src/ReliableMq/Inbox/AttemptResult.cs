namespace ReliableMq.Inbox;

/// <summary>How an attempt ended: exactly one of done, not admitted, failed.</summary>
internal readonly record struct AttemptResult(Admission? Refusal, TimeSpan Wait, Exception? Exception)
{
    public static readonly AttemptResult Done;

    public bool IsDone => Refusal is null && Exception is null;

    public static AttemptResult NotAdmitted(Admission admission, TimeSpan wait) => new(admission, wait, null);

    public static AttemptResult Failed(Exception exception) => new(null, TimeSpan.Zero, exception);
}

namespace ReliableMq.Faults.Checking;

/// <summary>Something that must not be.</summary>
/// <param name="Rule">Which promise it breaks.</param>
/// <param name="Text">What was found.</param>
internal sealed record Finding(Rule Rule, string Text)
{
    /// <summary>Whether time may mend it: until the end it only says that the work is not done.</summary>
    public bool MayPass => Rule is Rule.NotHandled or Rule.LeftDead or Rule.LeftOver or Rule.Miscounted;

    public override string ToString() => $"{Rule}: {Text}";
}

internal enum Rule
{
    /// <summary>A committed message had no effect and is no dead letter.</summary>
    NotHandled,

    /// <summary>A dead letter that an operator mended and replayed did not get through.</summary>
    LeftDead,

    /// <summary>A message became a dead letter though it would have been handled, or before its last attempt.</summary>
    DiedWithoutCause,

    /// <summary>A message waits as two dead letters of one queue.</summary>
    DeadTwice,

    /// <summary>A message had its effect more than once.</summary>
    HandledTwice,

    /// <summary>A message had its effect and waits as a dead letter as well.</summary>
    HandledAndDead,

    /// <summary>A dead letter without a reason.</summary>
    NoReason,

    /// <summary>Something had an effect, or died, that was never committed or not sent to that queue.</summary>
    NeverCommitted,

    /// <summary>A commit that was acknowledged is not in the database.</summary>
    CommitLost,

    /// <summary>Storing failed though the database did not.</summary>
    StoringRefused,

    /// <summary>A process ended by itself, or did not end when it was asked to.</summary>
    ProcessEnded,

    /// <summary>Something was rolled back and is stored nevertheless.</summary>
    RollbackStored,

    /// <summary>A cancelled message had an effect.</summary>
    CancelledAndHandled,

    /// <summary>A message was sent first after the library had said that it will not be sent.</summary>
    SentAfterCancel,

    /// <summary>The effects of a key are not in the order of its commits.</summary>
    OutOfOrder,

    /// <summary>Two messages of a key ran at once.</summary>
    SideBySide,

    /// <summary>A scheduled message had its effect before it was due.</summary>
    TooEarly,

    /// <summary>Something is still claimed, unsettled, parked or untold.</summary>
    LeftOver,

    /// <summary>The run says little, because something did not happen at all.</summary>
    Trivial,

    /// <summary>Something waited for an operator though no process had ended or stood still.</summary>
    OperatorNeeded,

    /// <summary>A process is at work though nothing is left to do.</summary>
    Busy,

    /// <summary>The dashboard tells another number than the tables.</summary>
    Miscounted,
}

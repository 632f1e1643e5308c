namespace ReliableMq.Alerting;

/// <summary>Something that an operator should hear of.</summary>
/// <param name="Kind">What kind of trouble, a constant such as <c>outbox-failed</c>.</param>
/// <param name="Group">What is one trouble within the kind, such as destination and error kind; a message id never is.</param>
/// <param name="Severity">How bad.</param>
/// <param name="Text">The trouble in one sentence. The newest text of a group is told.</param>
/// <param name="MessageId">An example of what is concerned.</param>
/// <param name="Reason">What happened to the example.</param>
internal sealed record AlertRaise(string Kind, string Group, AlertSeverity Severity, string Text, string? MessageId = null, string? Reason = null);

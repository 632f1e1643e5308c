namespace ReliableMq;

/// <summary>
/// Says of a handler, in <c>[MessageHandler(…, Inbox = typeof(NoInbox))]</c>, that it needs no database. A message
/// may then be handled more than once, its attempts travel in a header, and its dead letters, as well as what it
/// discards, stay in the dead-letter queue.
/// </summary>
public static class NoInbox;

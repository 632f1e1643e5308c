using Microsoft.Extensions.Logging;
using ReliableMq.Inbox;
using ReliableMq.Receiving;

namespace ReliableMq.Diagnostics;

/// <summary>
/// Every log message. Event ids are permanent and come in ranges: 1000 outbox, 2000 dispatching, 3000 broker,
/// 4000 receiving, 5000 inbox and handling, 6000 failing, 7000 dead letters, 8000 hosting and scheduling,
/// 9000 alerts. Never a body.
/// </summary>
internal static partial class LogMessages
{
    [LoggerMessage(1001, LogLevel.Warning, "{Count} message(s) \"{Name}\" were added to a \"{Context}\" but never saved, so they will not be sent. Call SaveChanges after AddMessage.")]
    public static partial void MessageNeverSaved(ILogger logger, int count, string name, string context);

    [LoggerMessage(2001, LogLevel.Warning, "{Count} message(s) like \"{Name}\" {MessageId} were not sent: {Reason} The next attempt in {Delay}.")]
    public static partial void PublishFailed(ILogger logger, int count, string name, string messageId, string reason, TimeSpan delay);

    [LoggerMessage(2002, LogLevel.Warning, "The outcome of {Count} sent message(s) could not be recorded; trying again in {Delay}.")]
    public static partial void RecordFailed(ILogger logger, int count, TimeSpan delay, Exception exception);

    [LoggerMessage(2003, LogLevel.Error, "The message \"{Name}\" {MessageId} closes the broker's channel and was set aside: {Reason}")]
    public static partial void ChannelKillerFound(ILogger logger, string name, string messageId, string? reason);

    [LoggerMessage(2004, LogLevel.Error, "Sending the outbox of \"{Context}\" failed; trying again in {Delay}.")]
    public static partial void DispatchFailed(ILogger logger, string context, TimeSpan delay, Exception exception);

    [LoggerMessage(2005, LogLevel.Warning, "The broker has not confirmed {Count} message(s) within {Timeout}; they will be sent again on another channel.")]
    public static partial void ConfirmsMissing(ILogger logger, int count, TimeSpan timeout);

    [LoggerMessage(2006, LogLevel.Warning, "The rows held for \"{Context}\" could not be given back; they are taken over when their lease runs out.")]
    public static partial void ReleaseFailed(ILogger logger, string context, Exception exception);

    [LoggerMessage(2007, LogLevel.Error, "The outcome of a sent message was refused by the database; the message is sent again when its lease has run out.")]
    public static partial void RecordRefused(ILogger logger, Exception exception);

    [LoggerMessage(2008, LogLevel.Warning, "{Count} message(s) like \"{Name}\" {MessageId} were not sent, because their time was over; they are kept in the history as expired.")]
    public static partial void MessagesExpired(ILogger logger, int count, string name, string messageId);

    [LoggerMessage(2009, LogLevel.Error, "{Count} message(s) like \"{Name}\" {MessageId} failed for good after {Attempts} attempt(s) and wait for an operator: {Reason}")]
    public static partial void MessagesFailed(ILogger logger, int count, string name, string messageId, int attempts, string reason);

    [LoggerMessage(2010, LogLevel.Warning, "Sending to the exchange \"{Exchange}\" with the routing key \"{RoutingKey}\" pauses for {Delay}, then one message is tried: {Reason}")]
    public static partial void DestinationPaused(ILogger logger, string exchange, string routingKey, TimeSpan delay, string reason);

    [LoggerMessage(2011, LogLevel.Information, "The exchange \"{Exchange}\" takes messages with the routing key \"{RoutingKey}\" again; those that were set aside follow.")]
    public static partial void DestinationRecovered(ILogger logger, string exchange, string routingKey);

    [LoggerMessage(2012, LogLevel.Error, "The outcome of a sent message could not be recorded, because somebody has locked its row; the message is sent again when that has ended and its lease has run out. Look for the session that holds the lock.")]
    public static partial void RecordLocked(ILogger logger, Exception exception);

    [LoggerMessage(3001, LogLevel.Information, "Connected to RabbitMQ {Version} at {Endpoint} for {Purpose}.")]
    public static partial void Connected(ILogger logger, string purpose, string endpoint, string version);

    [LoggerMessage(3002, LogLevel.Warning, "No connection to RabbitMQ at \"{Hosts}\" for {Purpose}: {Error} Trying again in {Delay}.")]
    public static partial void ConnectFailed(ILogger logger, string purpose, string hosts, string error, TimeSpan delay);

    [LoggerMessage(3003, LogLevel.Warning, "The connection to RabbitMQ for {Purpose} was lost: {Error}")]
    public static partial void ConnectionLost(ILogger logger, string purpose, string? error);

    [LoggerMessage(3004, LogLevel.Warning, "RabbitMQ blocks publishing on the connection for {Purpose}: {Reason}. Messages wait in the database until it is over.")]
    public static partial void ConnectionBlocked(ILogger logger, string purpose, string reason);

    [LoggerMessage(3005, LogLevel.Information, "RabbitMQ no longer blocks the connection for {Purpose}.")]
    public static partial void ConnectionUnblocked(ILogger logger, string purpose);

    [LoggerMessage(3006, LogLevel.Warning, "The connection to RabbitMQ for {Purpose} is given up: {Reason}.")]
    public static partial void ConnectionAbandoned(ILogger logger, string purpose, string reason);

    [LoggerMessage(3007, LogLevel.Error, "The broker's topology differs from what is needed in {Count} place(s):{Differences}")]
    public static partial void TopologyDiffers(ILogger logger, int count, string differences);

    [LoggerMessage(3008, LogLevel.Information, "RabbitMQ {Version}: {Traits}.")]
    public static partial void BrokerTraits(ILogger logger, string version, string traits);

    [LoggerMessage(3009, LogLevel.Warning, "\"ReliableMq:Broker:MaxMessageBytes\" is {Configured}, but RabbitMQ {Version} accepts {Accepted} bytes unless its max_message_size was raised. Raise it there, or lower the setting: a message that is too large for the broker closes the channel.")]
    public static partial void MaxMessageBytesAboveDefault(ILogger logger, int configured, string version, int accepted);

    [LoggerMessage(3010, LogLevel.Information, "The credentials of the connection for {Purpose} were refreshed; the new ones expire {ExpiresAt:O}.")]
    public static partial void SecretRefreshed(ILogger logger, string purpose, DateTimeOffset? expiresAt);

    [LoggerMessage(3011, LogLevel.Warning, "The credentials of the connection for {Purpose} expire {ExpiresAt:O} and could not be refreshed: {Error} It is tried again; once they have expired, the broker closes the connection.")]
    public static partial void SecretNotRefreshed(ILogger logger, string purpose, DateTimeOffset expiresAt, string error);

    [LoggerMessage(3012, LogLevel.Information, "The broker has the topology that is needed.{NotChecked}")]
    public static partial void TopologyAsNeeded(ILogger logger, string notChecked);

    [LoggerMessage(3013, LogLevel.Warning, "The broker's topology could not be checked: {Error} It is checked again at its next time.")]
    public static partial void TopologyNotChecked(ILogger logger, string error);

    [LoggerMessage(4001, LogLevel.Information, "Consuming \"{Queue}\" with {Concurrency} handlers at once and a prefetch of {Prefetch}.")]
    public static partial void Consuming(ILogger logger, string queue, int concurrency, int prefetch);

    [LoggerMessage(4002, LogLevel.Warning, "Consuming \"{Queue}\" was interrupted: {Reason}. It starts again.")]
    public static partial void ConsumerInterrupted(ILogger logger, string queue, string? reason);

    [LoggerMessage(4003, LogLevel.Warning, "Consuming \"{Queue}\" pauses until the database can be reached.")]
    public static partial void ConsumerPaused(ILogger logger, string queue);

    [LoggerMessage(4004, LogLevel.Error, "Consuming \"{Queue}\" failed; trying again in {Delay}.")]
    public static partial void ConsumeFailed(ILogger logger, string queue, TimeSpan delay, Exception exception);

    [LoggerMessage(4005, LogLevel.Warning, "The consumer of \"{Queue}\" could not be cancelled; its channel is closed instead.")]
    public static partial void CancelFailed(ILogger logger, string queue, Exception exception);

    [LoggerMessage(4006, LogLevel.Error, "Processing the delivery {MessageId} of \"{Queue}\" broke unexpectedly; it goes back to the queue.")]
    public static partial void ProcessingBroke(ILogger logger, string queue, string? messageId, Exception exception);

    [LoggerMessage(4007, LogLevel.Error, "Deliveries of \"{Queue}\" could not be settled; its channel is closed, and the broker delivers them again.")]
    public static partial void SettlingFailed(ILogger logger, string queue, Exception exception);

    [LoggerMessage(4010, LogLevel.Warning, "Consuming \"{Queue}\" is paused by an operator since {Since:u}.")]
    public static partial void ConsumerPausedByOperator(ILogger logger, string queue, DateTimeOffset since);

    [LoggerMessage(4011, LogLevel.Information, "The consumer of \"{Queue}\" was changed: {Concurrency} handlers at once, a prefetch of {Prefetch}{Paused}.")]
    public static partial void ConsumerChanged(ILogger logger, string queue, int concurrency, int prefetch, string paused);

    [LoggerMessage(4012, LogLevel.Warning, "What operators have changed about the consumers of \"{Context}\" could not be read: {Error} They stay as they are; it is tried again.")]
    public static partial void SettingsNotRead(ILogger logger, string context, string error);

    [LoggerMessage(4013, LogLevel.Warning, "The delivery {Delivery} found no free handler within {Limit} and goes back to the queue. Raise the concurrency, or lower the prefetch.")]
    public static partial void WaitedTooLong(ILogger logger, Delivery delivery, TimeSpan limit);

    [LoggerMessage(4014, LogLevel.Warning, "The DelayedRetry of \"{Queue}\" is not in force: it needs RabbitMQ 4.3, and this is {Version}. Deliveries are held in the process instead.")]
    public static partial void DelayedRetryNotInForce(ILogger logger, string queue, string version);

    [LoggerMessage(4015, LogLevel.Warning, "The broker does not delay what is returned to \"{Queue}\": the queue was declared without its DelayedRetry, or a policy switches it off. Deliveries are held in the process instead.")]
    public static partial void DelayedRetryFails(ILogger logger, string queue);

    [LoggerMessage(4016, LogLevel.Warning, "The consumer of \"{Queue}\" begins again: {Reason}.")]
    public static partial void ConsumerBeginsAgain(ILogger logger, string queue, string reason);

    [LoggerMessage(5001, LogLevel.Debug, "The delivery {Delivery} does not run: {Admission}.")]
    public static partial void NotAdmitted(ILogger logger, Delivery delivery, Admission admission);

    [LoggerMessage(5002, LogLevel.Information, "The delivery {Delivery} waits: another delivery of the same message is being handled.")]
    public static partial void TwinIsRunning(ILogger logger, Delivery delivery);

    [LoggerMessage(5003, LogLevel.Warning, "A batch of {Count} message(s) of \"{Queue}\" failed with {ExceptionType}: {Error} Each is handled by itself.")]
    public static partial void BatchFailed(ILogger logger, int count, string queue, string exceptionType, string error);

    [LoggerMessage(5009, LogLevel.Warning, "The delivery {Delivery} waits: there is no free connection to the database. Raise \"Maximum Pool Size\" in its connection string, or lower the concurrency of its queues. {Error}")]
    public static partial void NoConnectionFree(ILogger logger, Delivery delivery, string error);

    [LoggerMessage(5010, LogLevel.Information, "The handlers of \"{Queue}\" have no inbox: a message may be handled more than once, and its dead letters stay in \"{DeadLetterQueue}\".")]
    public static partial void NoInbox(ILogger logger, string queue, string deadLetterQueue);

    [LoggerMessage(5011, LogLevel.Error, "A service of the handler \"{Handler}\" could not be disposed of; the outcome of its message is not changed by that.")]
    public static partial void ServicesNotDisposed(ILogger logger, string handler, Exception exception);

    [LoggerMessage(5012, LogLevel.Warning, "The delivery {Delivery} waits: its handler could not begin within {Timeout}, the Timeout of its queue. No connection to the database was free, the database did not answer, or another delivery of the message is being handled. Look for what keeps it, or raise the Timeout.")]
    public static partial void NoTimeToBegin(ILogger logger, Delivery delivery, TimeSpan timeout);

    [LoggerMessage(5013, LogLevel.Warning, "The delivery {Delivery} waits: the connection to the database broke before its handler began. {Error}")]
    public static partial void LineBroke(ILogger logger, Delivery delivery, string error);

    [LoggerMessage(5020, LogLevel.Warning, "The process {Node} on \"{Host}\" ended while it handled {Delivery}, perhaps because of it. Nothing is counted; from now on it runs alone.")]
    public static partial void Suspected(ILogger logger, Guid? node, string host, Delivery delivery);

    [LoggerMessage(5021, LogLevel.Warning, "That {Delivery} is not handled any more could not be stored: {Error} It is tried again; if this process ends before, it looks as if the message had ended it.")]
    public static partial void MarkNotCleared(ILogger logger, Delivery delivery, string error);

    [LoggerMessage(5022, LogLevel.Warning, "That this process still handles messages could not be stored in the database of \"{Context}\": {Error} It is tried again; if that fails for too long, the process is taken for dead.")]
    public static partial void MarksNotRenewed(ILogger logger, string context, string error);

    [LoggerMessage(5030, LogLevel.Error, "The handler of {What} went on after it was cancelled and is left behind; nothing of it is committed. {Count} of this process still run. Pass the CancellationToken of the MessageContext on.")]
    public static partial void HandlerAbandoned(ILogger logger, object what, int count);

    [LoggerMessage(5031, LogLevel.Warning, "The handler of {What} that was left behind has ended; what it did is thrown away.")]
    public static partial void AbandonedEnded(ILogger logger, object what, Exception? exception);

    [LoggerMessage(5032, LogLevel.Error, "A handler of \"{Queue}\" went on after it was cancelled and keeps its place, because {Count} were left behind before and still run. Restart the process.")]
    public static partial void TooManyAbandoned(ILogger logger, string queue, int count);

    [LoggerMessage(5033, LogLevel.Warning, "The database session of {What}, which was left behind, could not be ended: {Error} Its message waits until the handler ends.")]
    public static partial void SessionNotEnded(ILogger logger, object what, string error);

    /// <summary>One line an attempt; the stack comes with the dead letter, and meanwhile stands in <c>failure</c>.</summary>
    [LoggerMessage(6001, LogLevel.Warning, "Attempt {Attempt} of {Delivery} failed with {ExceptionType}: {Error} The next in {Delay}.")]
    public static partial void AttemptFailed(ILogger logger, int attempt, Delivery delivery, string exceptionType, string error, TimeSpan delay);

    [LoggerMessage(6002, LogLevel.Error, "The database cannot be reached, or has no room left, while handling \"{Queue}\". No attempt is counted.")]
    public static partial void DatabaseDown(ILogger logger, string queue, Exception exception);

    [LoggerMessage(6003, LogLevel.Error, "The failure of {Delivery} could not be recorded; the delivery comes back.")]
    public static partial void FailureNotRecorded(ILogger logger, Delivery delivery, Exception exception);

    [LoggerMessage(6004, LogLevel.Warning, "The message {Delivery} was discarded: {Reason}")]
    public static partial void Discarded(ILogger logger, Delivery delivery, string reason);

    [LoggerMessage(6005, LogLevel.Information, "The handler of {Delivery} asked for another attempt, which does not count as one; the next in {Delay}.")]
    public static partial void RetryAsked(ILogger logger, Delivery delivery, TimeSpan delay);

    [LoggerMessage(6006, LogLevel.Information, "The handling of {Delivery} failed with {ExceptionType}: {Error} It is repeated at once ({Retry} of {Retries}).")]
    public static partial void RepeatedAtOnce(ILogger logger, Delivery delivery, string exceptionType, string error, int retry, int retries);

    [LoggerMessage(6007, LogLevel.Warning, "No handler takes {Delivery}, so it is deferred: a newer version of the service may. The next look in {Delay}.")]
    public static partial void Deferred(ILogger logger, Delivery delivery, TimeSpan delay);

    [LoggerMessage(6010, LogLevel.Error, "The outcome of attempt {Attempt} of {Delivery} could not be sent to \"{Queue}\": {Reason} The delivery comes back in {Delay} as the same attempt.")]
    public static partial void NotRepublished(ILogger logger, int attempt, Delivery delivery, string queue, string? reason, TimeSpan delay, Exception exception);

    [LoggerMessage(6101, LogLevel.Warning, "Messages with the ordering key \"{OrderingKey}\" of \"{Queue}\" are held back, because an earlier one fails; the first is {MessageId}. They are parked in the database.")]
    public static partial void KeyHeldBack(ILogger logger, string orderingKey, string queue, string messageId);

    [LoggerMessage(6102, LogLevel.Information, "The last message that was held back with the ordering key \"{OrderingKey}\" of \"{Queue}\" follows now.")]
    public static partial void KeyGoesOn(ILogger logger, string orderingKey, string queue);

    [LoggerMessage(7001, LogLevel.Error, "The message {Delivery} is dead-lettered after {Attempts} attempt(s).")]
    public static partial void DeadLettered(ILogger logger, Delivery delivery, int attempts, Exception exception);

    [LoggerMessage(7002, LogLevel.Error, "The broker dead-lettered {Delivery}: {Reason}.")]
    public static partial void DeadLetterFromBroker(ILogger logger, Delivery delivery, string reason);

    [LoggerMessage(7003, LogLevel.Error, "The dead letter {Delivery} could not be stored; it stays in its queue.")]
    public static partial void DeadLetterNotStored(ILogger logger, Delivery delivery, Exception exception);

    [LoggerMessage(7004, LogLevel.Debug, "The broker's copy of the dead letter {Delivery} has come; it is stored already.")]
    public static partial void DeadLetterMerged(ILogger logger, Delivery delivery);

    [LoggerMessage(7005, LogLevel.Error, "Dead letters could not be replayed; trying again in {Delay}.")]
    public static partial void ReplayFailed(ILogger logger, TimeSpan delay, Exception exception);

    [LoggerMessage(7006, LogLevel.Error, "The replay {Replay} cannot go on; trying again in {Delay}.")]
    public static partial void ReplayPostponed(ILogger logger, long replay, TimeSpan delay, Exception exception);

    [LoggerMessage(7007, LogLevel.Information, "The broker dead-lettered a late copy of {Delivery}, which was handled, has a later copy or was discarded; there is nothing to do.")]
    public static partial void LateDeadLetter(ILogger logger, Delivery delivery);

    [LoggerMessage(7008, LogLevel.Error, "No database takes this alert: {Text}")]
    public static partial void DeadLettersStuck(ILogger logger, string text);

    [LoggerMessage(8001, LogLevel.Warning, "The database of \"{Context}\" cannot be reached: {Error}. Messages are stored and handled when it can.")]
    public static partial void DatabaseUnreachable(ILogger logger, string context, string error);

    [LoggerMessage(8002, LogLevel.Information, "The database of \"{Context}\" is ready: schema \"{Schema}\", version {Version}.")]
    public static partial void DatabaseReady(ILogger logger, string context, string schema, int version);

    [LoggerMessage(8003, LogLevel.Critical, "{Error} The application stops.")]
    public static partial void DatabaseUnusable(ILogger logger, string error);

    [LoggerMessage(8004, LogLevel.Error, "The background work \"{Name}\" ended unexpectedly. The application stops.")]
    public static partial void BackgroundWorkEnded(ILogger logger, string name, Exception exception);

    [LoggerMessage(8005, LogLevel.Error, "The scheduled work \"{Name}\" has failed {Failures} time(s) in a row; it runs again at its next time.")]
    public static partial void ScheduledWorkFailed(ILogger logger, string name, int failures, Exception exception);

    [LoggerMessage(8006, LogLevel.Warning, "The run of the scheduled work \"{Name}\" could not be recorded.")]
    public static partial void ScheduledWorkNotRecorded(ILogger logger, string name, Exception exception);

    [LoggerMessage(8007, LogLevel.Warning, "The scheduler given to UseScheduler cannot take the scheduled work; it is asked again.")]
    public static partial void SchedulerUnavailable(ILogger logger, Exception exception);

    [LoggerMessage(8010, LogLevel.Warning, "The connection pool of \"{Context}\" has at most {Most} connections, but handlers and dispatcher may use {Needed} at once, beside the application itself. Raise \"Maximum Pool Size\" in its connection string, or lower the concurrency of its queues.")]
    public static partial void PoolTooSmall(ILogger logger, string context, int most, int needed);

    [LoggerMessage(8011, LogLevel.Warning, "AddInbox was called, but there are no handlers, so nothing is consumed. Call the method that was generated for their assembly, like AddReliableMq(…).AddBillingHandlers().")]
    public static partial void NoHandlers(ILogger logger);

    [LoggerMessage(8012, LogLevel.Warning, "What this process did in the last minute could not be recorded; the next time makes up for it.")]
    public static partial void FlowNotRecorded(ILogger logger, Exception exception);

    [LoggerMessage(9001, LogLevel.Warning, "Alert {Id}, {Kind} \"{Group}\": {Text} Raised {Count} time(s), {NewCount} of them new, since {FirstRaisedAt:u}; for example {Example}.")]
    public static partial void AlertWarning(ILogger logger, long id, string kind, string group, string text, long count, long newCount, DateTimeOffset firstRaisedAt, string example);

    [LoggerMessage(9002, LogLevel.Error, "Alert {Id}, {Kind} \"{Group}\": {Text} Raised {Count} time(s), {NewCount} of them new, since {FirstRaisedAt:u}; for example {Example}.")]
    public static partial void AlertError(ILogger logger, long id, string kind, string group, string text, long count, long newCount, DateTimeOffset firstRaisedAt, string example);

    [LoggerMessage(9003, LogLevel.Error, "The sink \"{Sink}\" could not be told of the alert {Id}, {Kind} \"{Group}\"; attempt {Attempt}, the next in {Delay}.")]
    public static partial void SinkFailed(ILogger logger, string sink, long id, string kind, string group, int attempt, TimeSpan delay, Exception exception);

    [LoggerMessage(9004, LogLevel.Warning, "The alerts of \"{Context}\" could not be read or recorded for the sink \"{Sink}\"; trying again in {Delay}.")]
    public static partial void TellingFailed(ILogger logger, string context, string sink, TimeSpan delay, Exception exception);
}

namespace ReliableMq;

/// <summary>
/// Tells operators of alerts: a pager, a chat, a mailbox. Registered with <c>AddAlertSink</c>. One instance serves
/// the whole application; it is called for one alert at a time in each database.
/// </summary>
public interface IAlertSink
{
    /// <summary>
    /// The sink's name in the tables and logs, unique in the service. Under another name it is another sink and
    /// is told of every open alert again.
    /// </summary>
    string Name { get; }

    /// <summary>
    /// Tells of an alert. To return is to have told: it is not repeated then, but for a process that ends before
    /// this is recorded. To throw is not to have told: it is tried again, later and later, up to every 15 minutes.
    /// </summary>
    /// <param name="alert">What to tell.</param>
    /// <param name="cancellationToken">Cancelled after 15 seconds, and when the application waits no longer for its end.</param>
    Task SendAsync(Alert alert, CancellationToken cancellationToken);
}

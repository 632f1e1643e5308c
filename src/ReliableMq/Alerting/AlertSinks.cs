namespace ReliableMq.Alerting;

/// <summary>Every sink of the service: those that were added, and those of the library that are configured.</summary>
internal sealed class AlertSinks(IEnumerable<IAlertSink> added, ReliableMqOptions options) : IDisposable
{
    private readonly WebhookAlertSink? _webhook = options.Alerts.Webhook.Url is null ? null : new WebhookAlertSink(options.Alerts.Webhook);
    private readonly EmailAlertSink? _email = options.Alerts.Email.Host is null ? null : new EmailAlertSink(options.Alerts.Email);

    public IReadOnlyList<IAlertSink> All => [.. added, .. new IAlertSink?[] { _webhook, _email }.OfType<IAlertSink>()];

    public void Dispose() => _webhook?.Dispose();
}

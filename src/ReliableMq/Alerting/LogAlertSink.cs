using Microsoft.Extensions.Logging;
using ReliableMq.Diagnostics;

namespace ReliableMq.Alerting;

/// <summary>The sink that every service has: its own log.</summary>
internal sealed class LogAlertSink(ILogger<LogAlertSink> logger) : IAlertSink
{
    public string Name => "log";

    public Task SendAsync(Alert alert, CancellationToken cancellationToken)
    {
        var example = alert.Examples is [var newest, ..] ? $"{newest.MessageId}: {newest.Reason}" : "none";
        if (alert.Severity == AlertSeverity.Warning)
        {
            LogMessages.AlertWarning(logger, alert.Id, alert.Kind, alert.Group, alert.Text, alert.Count, alert.NewCount, alert.FirstRaisedAt, example);
        }
        else
        {
            LogMessages.AlertError(logger, alert.Id, alert.Kind, alert.Group, alert.Text, alert.Count, alert.NewCount, alert.FirstRaisedAt, example);
        }

        return Task.CompletedTask;
    }
}

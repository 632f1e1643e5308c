namespace ReliableMq.Alerting;

/// <summary>The severities as they stand in the tables.</summary>
internal static class SeverityText
{
    public static string Of(AlertSeverity severity) => severity switch
    {
        AlertSeverity.Warning => "warning",
        AlertSeverity.Error => "error",
        _ => throw new ArgumentOutOfRangeException(nameof(severity), severity, "Not a severity."),
    };

    public static AlertSeverity Parse(string text) => text == "warning" ? AlertSeverity.Warning : AlertSeverity.Error;
}

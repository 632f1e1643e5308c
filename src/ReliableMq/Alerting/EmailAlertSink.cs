using System.Globalization;
using System.Net;
using System.Net.Mail;
using System.Net.Mime;
using System.Text;

namespace ReliableMq.Alerting;

/// <summary>Tells of alerts by e-mail, as plain text.</summary>
internal sealed class EmailAlertSink(AlertEmailOptions options) : IAlertSink
{
    public string Name => "email";

    public async Task SendAsync(Alert alert, CancellationToken cancellationToken)
    {
        using var message = new MailMessage
        {
            From = new MailAddress(options.From!),
            Subject = SubjectOf(alert),
            Body = BodyOf(alert),
            BodyEncoding = Encoding.UTF8,
            BodyTransferEncoding = TransferEncoding.QuotedPrintable,
        };
        message.To.Add(options.To!);
        // Tellings of one alert stand together in a mailbox.
        message.Headers.Add("References", $"<alert-{alert.Id.ToString(CultureInfo.InvariantCulture)}@{Uri.EscapeDataString(alert.Service)}.reliable-mq>");
        using var client = new SmtpClient(options.Host, options.Port) { EnableSsl = options.UseTls };
        if (options.UserName is not null)
        {
            client.Credentials = new NetworkCredential(options.UserName, options.Password);
        }

        await client.SendMailAsync(message, cancellationToken);
    }

    internal static string SubjectOf(Alert alert) => OneLine(string.Create(CultureInfo.InvariantCulture,
        $"[{alert.Service}] {alert.Kind}: {alert.Group} ({alert.NewCount} new)"));

    internal static string BodyOf(Alert alert)
    {
        var body = new StringBuilder()
            .AppendLine(alert.Text)
            .AppendLine()
            .AppendLine(CultureInfo.InvariantCulture, $"{alert.NewCount} new, {alert.Count} from {alert.FirstRaisedAt:u} to {alert.LastRaisedAt:u}")
            .AppendLine(CultureInfo.InvariantCulture, $"Service {alert.Service}, alert {alert.Id}, telling {alert.Telling}, {alert.Kind}: {alert.Group}");
        if (alert.Examples.Count > 0)
        {
            body.AppendLine().AppendLine("The newest:");
            foreach (var example in alert.Examples)
            {
                body.AppendLine(CultureInfo.InvariantCulture, $"- {example.MessageId}: {example.Reason}");
            }
        }

        return body.ToString();
    }

    /// <summary>A subject with a line break would be refused.</summary>
    private static string OneLine(string text) => string.Concat(text.Select(c => char.IsControl(c) ? ' ' : c));
}

using System.Net.Mail;

namespace ReliableMq.Hosting;

/// <summary>Whether alerts can be told as configured.</summary>
internal static class AlertOptionsRules
{
    private const int ShortestSecret = 16;

    public static void Check(AlertOptions alerts, List<string> errors)
    {
        if (alerts.Webhook.Url is { } url)
        {
            CheckWebhook(url, alerts.Webhook.Secret, errors);
        }
        else if (alerts.Webhook.Secret is not null)
        {
            errors.Add("\"ReliableMq:Alerts:Webhook:Secret\" is set, but \"Url\" is not. Name the address that gets the alerts, or remove the secret.");
        }

        if (alerts.Email.Host is not null)
        {
            CheckEmail(alerts.Email, errors);
        }
        else if ((alerts.Email.From ?? alerts.Email.To ?? alerts.Email.UserName) is not null)
        {
            errors.Add("\"ReliableMq:Alerts:Email\" has settings, but no \"Host\". Name the mail server, or remove the section.");
        }
    }

    private static void CheckWebhook(string url, string? secret, List<string> errors)
    {
        if (!Uri.TryCreate(url, UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https"))
        {
            errors.Add($"\"ReliableMq:Alerts:Webhook:Url\" is \"{url}\", which is not an address. Write it like \"https://alerts.shop/reliable-mq\".");
        }

        if (secret is null or { Length: < ShortestSecret })
        {
            errors.Add($"\"ReliableMq:Alerts:Webhook:Secret\" has {secret?.Length ?? 0} characters. Give at least {ShortestSecret} that the receiver knows, too: they sign what is posted.");
        }
    }

    private static void CheckEmail(AlertEmailOptions email, List<string> errors)
    {
        if (!MailAddress.TryCreate(email.From, out _))
        {
            errors.Add($"\"ReliableMq:Alerts:Email:From\" is \"{email.From}\", which is not an e-mail address. Write it like \"reliable-mq@shop.example\".");
        }

        foreach (var receiver in (email.To ?? "").Split(',', StringSplitOptions.TrimEntries).Where(receiver => !MailAddress.TryCreate(receiver, out _)))
        {
            errors.Add($"\"ReliableMq:Alerts:Email:To\" has the entry \"{receiver}\", which is not an e-mail address. Write addresses separated by commas, like \"on-call@shop.example\".");
        }

        if (email.Port is < 1 or > 65535)
        {
            errors.Add($"\"ReliableMq:Alerts:Email:Port\" is {email.Port}. Use 1 to 65535.");
        }
    }
}

namespace ReliableMq;

/// <summary>Who is told of alerts besides the log: section <c>ReliableMq:Alerts</c>.</summary>
public sealed class AlertOptions
{
    /// <summary>A web address that gets each alert as JSON.</summary>
    public AlertWebhookOptions Webhook { get; } = new();

    /// <summary>A mailbox.</summary>
    public AlertEmailOptions Email { get; } = new();
}

/// <summary>A web address that gets each alert as signed JSON: section <c>ReliableMq:Alerts:Webhook</c>.</summary>
public sealed class AlertWebhookOptions
{
    /// <summary>Where alerts are posted, such as <c>https://alerts.shop/reliable-mq</c>. Redirects are not followed.</summary>
    /// <value>Default: null, nowhere.</value>
    public string? Url { get; set; }

    /// <summary>
    /// The key of the signature in the header <c>ReliableMq-Signature</c>, by which the receiver knows who posted.
    /// </summary>
    /// <value>Required with <see cref="Url"/>; at least 16 characters.</value>
    public string? Secret { get; set; }
}

/// <summary>A mailbox that is told of alerts by SMTP: section <c>ReliableMq:Alerts:Email</c>.</summary>
public sealed class AlertEmailOptions
{
    /// <summary>The mail server.</summary>
    /// <value>Default: null, no e-mail.</value>
    public string? Host { get; set; }

    /// <summary>Its port.</summary>
    /// <value>Default: 587.</value>
    public int Port { get; set; } = 587;

    /// <summary>Whether the connection is encrypted, by STARTTLS.</summary>
    /// <value>Default: true.</value>
    public bool UseTls { get; set; } = true;

    /// <summary>The user name, where the server wants one.</summary>
    public string? UserName { get; set; }

    /// <summary>The password of <see cref="UserName"/>.</summary>
    public string? Password { get; set; }

    /// <summary>The sender, such as <c>reliable-mq@shop.example</c>.</summary>
    /// <value>Required with <see cref="Host"/>.</value>
    public string? From { get; set; }

    /// <summary>The receivers, separated by commas.</summary>
    /// <value>Required with <see cref="Host"/>.</value>
    public string? To { get; set; }
}

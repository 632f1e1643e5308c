namespace ReliableMq.Tests.Hosting;

public sealed class AlertOptionsRulesTests
{
    [Theory]
    [InlineData("alerts.shop/x")]
    [InlineData("ftp://alerts.shop")]
    [InlineData("")]
    public void A_webhook_at_no_address_is_told(string url) =>
        Configured.Errors(("Alerts:Webhook:Url", url), ("Alerts:Webhook:Secret", "0123456789abcdef")).ShouldBe([
            $"\"ReliableMq:Alerts:Webhook:Url\" is \"{url}\", which is not an address. Write it like \"https://alerts.shop/reliable-mq\".",
        ]);

    [Theory]
    [InlineData(null, 0)]
    [InlineData("0123456789abcde", 15)]
    public void A_webhook_without_a_secret_is_told_and_the_secret_is_not(string? secret, int length) =>
        Configured.Errors(("Alerts:Webhook:Url", "https://alerts.shop"), ("Alerts:Webhook:Secret", secret)).ShouldBe([
            $"\"ReliableMq:Alerts:Webhook:Secret\" has {length} characters. Give at least 16 that the receiver knows, too: they sign what is posted.",
        ]);

    [Fact]
    public void A_secret_without_a_webhook_is_told() =>
        Configured.Errors(("Alerts:Webhook:Secret", "0123456789abcdef")).ShouldBe([
            "\"ReliableMq:Alerts:Webhook:Secret\" is set, but \"Url\" is not. Name the address that gets the alerts, or remove the secret.",
        ]);

    [Fact]
    public void Wrong_settings_of_a_mailbox_are_told() =>
        Configured.Errors(("Alerts:Email:Host", "mail"), ("Alerts:Email:From", "nobody"), ("Alerts:Email:To", "a@b.example, c"), ("Alerts:Email:Port", "0")).ShouldBe([
            "\"ReliableMq:Alerts:Email:From\" is \"nobody\", which is not an e-mail address. Write it like \"reliable-mq@shop.example\".",
            "\"ReliableMq:Alerts:Email:To\" has the entry \"c\", which is not an e-mail address. Write addresses separated by commas, like \"on-call@shop.example\".",
            "\"ReliableMq:Alerts:Email:Port\" is 0. Use 1 to 65535.",
        ]);

    [Fact]
    public void A_mailbox_without_a_server_is_told() =>
        Configured.Errors(("Alerts:Email:To", "a@b.example")).ShouldBe([
            "\"ReliableMq:Alerts:Email\" has settings, but no \"Host\". Name the mail server, or remove the section.",
        ]);

    [Fact]
    public void Both_are_fine() =>
        Configured.Errors(
            ("Alerts:Webhook:Url", "https://alerts.shop"), ("Alerts:Webhook:Secret", "0123456789abcdef"),
            ("Alerts:Email:Host", "mail"), ("Alerts:Email:From", "a@b.example"), ("Alerts:Email:To", "a@b.example,c@d.example")).ShouldBeEmpty();
}

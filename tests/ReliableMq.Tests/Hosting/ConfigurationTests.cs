using Microsoft.Extensions.DependencyInjection;
using ReliableMq.TestSupport;

namespace ReliableMq.Tests.Hosting;

public sealed class ConfigurationTests : IDisposable
{
    private readonly TestCertificates _files = new();

    public void Dispose() => _files.Dispose();

    [Fact]
    public void Every_setting_can_be_configured()
    {
        var options = Configured.Options(
            builder => builder.AddInbox<BillingDb>().AddHandler(Some.Handler(queue: "ORDERS_TO_BILLING_QUEUE")).AddHandler(Some.BatchHandler(queue: "ORDERS_TO_REPORTS_QUEUE")),
            ("Service", "billing"),
            ("Broker:Hosts", "rabbit-1:5673, rabbit-2"), ("Broker:VirtualHost", "shop"), ("Broker:UserName", "user"), ("Broker:Password", "pass"),
            ("Broker:Heartbeat", "00:00:06"), ("Broker:ConfirmTimeout", "00:00:07"), ("Broker:ConsumerTimeout", "01:00:00"), ("Broker:MaxMessageBytes", "1000"), ("Broker:ManagementUrl", "http://rabbit-1:15672"),
            ("Broker:Tls:Enabled", "true"), ("Broker:Tls:ServerName", "rabbit.shop"), ("Broker:Tls:CaCertificateFile", _files.Authority), ("Broker:Tls:CheckRevocation", "true"),
            ("Broker:Tls:ClientCertificateFile", _files.ClientCertificate), ("Broker:Tls:ClientKeyFile", _files.ClientKeyEncrypted), ("Broker:Tls:ClientKeyPassword", TestCertificates.Password),
            ("Topology:Mode", "Verify"), ("Topology:CheckInterval", "00:01:00"), ("Topology:Naming", "SourceToTarget"),
            ("Database:Schema", "billing_mq"), ("Database:CreateSchema", "true"),
            ("Outbox:Lease", "00:01:00"), ("Outbox:PollInterval", "00:00:00.500"), ("Outbox:BatchSize", "100"), ("Outbox:MaxUnconfirmed", "50"), ("Outbox:ResendInterval", "00:02:00"), ("Outbox:KeepSent", "1.00:00:00"), ("Outbox:MaxAttempts", "3"), ("Outbox:MaxUndeliverableAttempts", "7"),
            ("Alerts:Webhook:Url", "https://alerts.shop"), ("Alerts:Webhook:Secret", "0123456789abcdef"),
            ("Alerts:Email:Host", "mail"), ("Alerts:Email:Port", "25"), ("Alerts:Email:UseTls", "false"), ("Alerts:Email:UserName", "user"), ("Alerts:Email:Password", "pass"), ("Alerts:Email:From", "a@b.example"), ("Alerts:Email:To", "c@d.example"),
            ("Inbox:KeepHandled", "3.00:00:00"), ("DeadLetters:KeepReplayed", "4.00:00:00"), ("DeadLetters:KeepAudit", "5.00:00:00"),
            ("Queues:ORDERS_TO_BILLING_QUEUE:Retry", "1s, 2s"), ("Queues:ORDERS_TO_BILLING_QUEUE:Concurrency", "3"), ("Queues:ORDERS_TO_BILLING_QUEUE:Prefetch", "4"), ("Queues:ORDERS_TO_BILLING_QUEUE:Timeout", "5s"),
            ("Queues:ORDERS_TO_BILLING_QUEUE:Bindings:0", "legacy: invoice.#"), ("Queues:ORDERS_TO_BILLING_QUEUE:Bindings:1", "legacy: payment.*"), ("Queues:ORDERS_TO_BILLING_QUEUE:Order", "ByKey"),
            ("Queues:ORDERS_TO_BILLING_QUEUE:RetryFor", "8h"), ("Queues:ORDERS_TO_BILLING_QUEUE:ImmediateRetries", "5"), ("Queues:ORDERS_TO_BILLING_QUEUE:DeferUnknown", "9m"), ("Queues:ORDERS_TO_REPORTS_QUEUE:DelayedRetry", "1s..9s"),
            ("Queues:ORDERS_TO_BILLING_QUEUE:DeriveMessageIds", "true"), ("Queues:ORDERS_TO_REPORTS_QUEUE:BatchSize", "6"), ("Queues:ORDERS_TO_REPORTS_QUEUE:Linger", "7ms"));

        options.Service.ShouldBe("billing");
        options.Broker.ShouldBeEquivalentTo(new BrokerOptions
        {
            Hosts = "rabbit-1:5673, rabbit-2", VirtualHost = "shop", UserName = "user", Password = "pass",
            Heartbeat = TimeSpan.FromSeconds(6), ConfirmTimeout = TimeSpan.FromSeconds(7), ConsumerTimeout = TimeSpan.FromHours(1), MaxMessageBytes = 1000, ManagementUrl = "http://rabbit-1:15672",
            Tls =
            {
                Enabled = true, ServerName = "rabbit.shop", CaCertificateFile = _files.Authority, CheckRevocation = true,
                ClientCertificateFile = _files.ClientCertificate, ClientKeyFile = _files.ClientKeyEncrypted, ClientKeyPassword = TestCertificates.Password,
            },
        });
        options.Topology.ShouldBeEquivalentTo(new TopologyOptions { Mode = TopologyMode.Verify, CheckInterval = TimeSpan.FromMinutes(1), Naming = TopologyNaming.SourceToTarget });
        options.Database.ShouldBeEquivalentTo(new DatabaseOptions { Schema = "billing_mq", CreateSchema = true });
        options.Outbox.ShouldBeEquivalentTo(new OutboxOptions
        {
            Lease = TimeSpan.FromMinutes(1), PollInterval = TimeSpan.FromSeconds(0.5), BatchSize = 100, MaxUnconfirmed = 50, ResendInterval = TimeSpan.FromMinutes(2),
            KeepSent = TimeSpan.FromDays(1), MaxAttempts = 3, MaxUndeliverableAttempts = 7,
        });
        options.Alerts.Webhook.ShouldBeEquivalentTo(new AlertWebhookOptions { Url = "https://alerts.shop", Secret = "0123456789abcdef" });
        options.Alerts.Email.ShouldBeEquivalentTo(new AlertEmailOptions { Host = "mail", Port = 25, UseTls = false, UserName = "user", Password = "pass", From = "a@b.example", To = "c@d.example" });
        options.Inbox.ShouldBeEquivalentTo(new InboxOptions { KeepHandled = TimeSpan.FromDays(3) });
        options.DeadLetters.ShouldBeEquivalentTo(new DeadLetterOptions { KeepReplayed = TimeSpan.FromDays(4), KeepAudit = TimeSpan.FromDays(5) });
        options.Queues.Keys.ShouldBe(["ORDERS_TO_BILLING_QUEUE", "ORDERS_TO_REPORTS_QUEUE"], ignoreOrder: true);
        options.Queues["ORDERS_TO_REPORTS_QUEUE"].ShouldBeEquivalentTo(new QueueOptions { BatchSize = 6, Linger = "7ms", DelayedRetry = "1s..9s" });
        options.Queues["ORDERS_TO_BILLING_QUEUE"].ShouldBeEquivalentTo(new QueueOptions
        {
            Retry = "1s, 2s", Concurrency = 3, Prefetch = 4, Timeout = "5s", Bindings = ["legacy: invoice.#", "legacy: payment.*"], Order = QueueOrder.ByKey,
            DeriveMessageIds = true, RetryFor = "8h", ImmediateRetries = 5, DeferUnknown = "9m",
        });
        foreach (var section in new object[] { options.Broker, options.Broker.Tls, options.Topology, options.Database, options.Outbox, options.Inbox, options.DeadLetters, options.Alerts.Webhook, options.Alerts.Email, options.Queues["ORDERS_TO_BILLING_QUEUE"] })
        {
            var defaults = Activator.CreateInstance(section.GetType())!;
            section.GetType().GetProperties().Where(setting => Equals(setting.GetValue(section), setting.GetValue(defaults)))
                .Where(setting => setting.Name is not (nameof(QueueOptions.BatchSize) or nameof(QueueOptions.Linger) or nameof(QueueOptions.DelayedRetry)) || section is not QueueOptions)
                .ShouldBeEmpty("each setting belongs into this test, with a value that is not its default");
        }
    }

    [Fact]
    public void Defaults_are_as_documented()
    {
        var options = Configured.Options(Configured.Hosts);

        options.Service.ShouldBe("orders-service", "the application's name");
        options.Broker.ShouldBeEquivalentTo(new BrokerOptions
        {
            Hosts = "rabbit", VirtualHost = "/", UserName = "guest", Password = "guest",
            Heartbeat = TimeSpan.FromSeconds(5), ConfirmTimeout = TimeSpan.FromSeconds(10), ConsumerTimeout = TimeSpan.FromMinutes(30), MaxMessageBytes = 16_777_216,
        });
        options.Topology.ShouldBeEquivalentTo(new TopologyOptions { Mode = TopologyMode.Create, CheckInterval = TimeSpan.FromSeconds(30), Naming = TopologyNaming.Domain });
        options.Database.ShouldBeEquivalentTo(new DatabaseOptions { Schema = "reliable_mq", CreateSchema = false });
        options.Outbox.ShouldBeEquivalentTo(new OutboxOptions
        {
            Lease = TimeSpan.FromSeconds(30), PollInterval = TimeSpan.FromSeconds(5), BatchSize = 500, MaxUnconfirmed = 1_000, ResendInterval = TimeSpan.FromMinutes(1),
            KeepSent = TimeSpan.FromDays(7), MaxAttempts = 10, MaxUndeliverableAttempts = 0,
        });
        options.Alerts.Webhook.ShouldBeEquivalentTo(new AlertWebhookOptions());
        options.Alerts.Email.ShouldBeEquivalentTo(new AlertEmailOptions { Port = 587, UseTls = true });
        options.Inbox.ShouldBeEquivalentTo(new InboxOptions { KeepHandled = TimeSpan.FromDays(14) });
        options.DeadLetters.ShouldBeEquivalentTo(new DeadLetterOptions { KeepReplayed = TimeSpan.FromDays(30), KeepAudit = TimeSpan.FromDays(365) });
        options.Queues.ShouldBeEmpty();
    }

    [Fact]
    public void Keys_are_found_in_any_case() => Configured.Options(("broker:HOSTS", "rabbit")).Broker.Hosts.ShouldBe("rabbit");

    [Fact]
    public void Code_and_configuration_add_up_and_the_last_wins()
    {
        var options = Configured.Options(
            builder =>
            {
                builder.Services.AddReliableMq(settings => settings.Broker.Hosts = "from-code");
                builder.Services.AddReliableMq(settings => settings.Database.Schema = "from_code");
            },
            Configured.Hosts, ("Broker:VirtualHost", "shop"));

        options.Broker.Hosts.ShouldBe("from-code");
        options.Broker.VirtualHost.ShouldBe("shop");
        options.Database.Schema.ShouldBe("from_code");
    }

    [Fact]
    public void Configuration_adds_to_a_queue_that_code_has_set()
    {
        var options = Configured.Options(
            builder =>
            {
                builder.AddInbox<BillingDb>().AddHandler(Some.Handler());
                builder.Services.AddReliableMq(settings => settings.Queues["billing"].Prefetch = 7);
            },
            Configured.Hosts, ("Queues:billing:Concurrency", "3"));

        options.Queues["billing"].ShouldBeEquivalentTo(new QueueOptions { Concurrency = 3, Prefetch = 7 });
    }

    [Fact]
    public void Configured_bindings_replace_those_that_code_has_set()
    {
        var options = Configured.Options(
            builder =>
            {
                builder.AddInbox<BillingDb>().AddHandler(Some.Handler());
                builder.Services.Insert(0, ServiceDescriptor.Singleton<Microsoft.Extensions.Options.IConfigureOptions<ReliableMqOptions>>(
                    new Microsoft.Extensions.Options.ConfigureOptions<ReliableMqOptions>(settings => settings.Queues["billing"] = new QueueOptions { Bindings = ["code: #"] })));
            },
            Configured.Hosts, ("Queues:billing:Bindings:0", "legacy: invoice.#"));

        options.Queues["billing"].Bindings.ShouldBe(["legacy: invoice.#"]);
    }

    [Fact]
    public void A_text_in_place_of_a_list_and_a_section_in_it_are_told() =>
        Configured.Errors(builder => builder.AddInbox<BillingDb>().AddHandler(Some.Handler()).AddHandler(Some.Handler(queue: "other")),
            ("Queues:billing:Bindings", "legacy: #"), ("Queues:other:Bindings:0:Exchange", "legacy")).ShouldBe([
                "\"ReliableMq:Queues:billing:Bindings\" is \"legacy: #\", but it is a list. Write its entries as \"ReliableMq:Queues:billing:Bindings:0\", \"ReliableMq:Queues:billing:Bindings:1\" and so on.",
                "\"ReliableMq:Queues:other:Bindings:0\" has parts, but it is a single value. Write it as one text.",
            ]);

    [Fact]
    public void An_unknown_key_is_told_with_its_section_and_what_is_known_there() =>
        Configured.Errors(("Brokr:Hosts", "x"), ("Broker:Hots", "x"), ("Queues:billing:Retries", "1s"), ("Outbox:Lease:Seconds", "30"), ("Database:CreateShema", null))
            .ShouldBe([
                "\"ReliableMq:Broker:Hots\" is not a setting. Correct the name or remove it. Settings there: \"ConfirmTimeout\", \"ConsumerTimeout\", \"Heartbeat\", \"Hosts\", \"ManagementUrl\", \"MaxMessageBytes\", \"Password\", \"Tls\", \"UserName\", \"VirtualHost\".",
                "\"ReliableMq:Brokr\" is not a setting. Correct the name or remove it. Settings there: \"Alerts\", \"Broker\", \"Database\", \"DeadLetters\", \"Inbox\", \"Outbox\", \"Queues\", \"Service\", \"Topology\".",
                "\"ReliableMq:Database:CreateShema\" is not a setting. Correct the name or remove it. Settings there: \"CreateSchema\", \"Schema\".",
                "\"ReliableMq:Outbox:Lease\" has parts, but it is a single value. Write it as one text.",
                "\"ReliableMq:Queues:billing:Retries\" is not a setting. Correct the name or remove it. Settings there: \"BatchSize\", \"Bindings\", \"Concurrency\", \"DeferUnknown\", \"DelayedRetry\", \"DeriveMessageIds\", \"ImmediateRetries\", \"Linger\", \"Order\", \"Prefetch\", \"Retry\", \"RetryFor\", \"Timeout\".",
                "\"ReliableMq:Queues:billing\" is configured, but no handler consumes the queue \"billing\". Correct the name or remove it. Queues with handlers: none.",
            ], ignoreOrder: true);

    [Fact]
    public void A_value_in_place_of_a_section_is_told() =>
        Configured.Errors(builder => builder.AddInbox<BillingDb>().AddHandler(Some.Handler()), ("Broker", "amqp://rabbit"), ("Queues:billing", "1s"))
            .ShouldBe([
                "\"ReliableMq:Broker\" is \"amqp://rabbit\", but it is a section. Write its settings as keys below it.",
                "\"ReliableMq:Queues:billing\" is \"1s\", but it is a section. Write its settings as keys below it.",
            ]);

    [Theory]
    [InlineData("Outbox:Lease", "soon", "not a duration. Write a number and ms, s, m or h, like \"30s\", or days, hours, minutes and seconds, like \"1.00:00:30\".")]
    [InlineData("Outbox:KeepSent", "7", "not a duration. Write a number and ms, s, m or h, like \"30s\", or days, hours, minutes and seconds, like \"1.00:00:30\".")]
    [InlineData("Outbox:BatchSize", "", "not a whole number up to 2147483647. Write digits only, like \"100\".")]
    [InlineData("Outbox:Lease", "", "not a duration. Write a number and ms, s, m or h, like \"30s\", or days, hours, minutes and seconds, like \"1.00:00:30\".")]
    [InlineData("Outbox:BatchSize", "many", "not a whole number up to 2147483647. Write digits only, like \"100\".")]
    [InlineData("Outbox:BatchSize", "2147483648", "not a whole number up to 2147483647. Write digits only, like \"100\".")]
    [InlineData("Database:CreateSchema", "maybe", "neither true nor false. Write one of them.")]
    [InlineData("Queues:billing:Concurrency", "many", "not a whole number up to 2147483647. Write digits only, like \"100\".")]
    [InlineData("Queues:billing:Order", "Any", "none of \"None\", \"OneAtATime\", \"ByKey\". Write one of them.")]
    [InlineData("Topology:Mode", "Delete", "none of \"Create\", \"Verify\", \"None\". Write one of them.")]
    [InlineData("Topology:Mode", "7", "none of \"Create\", \"Verify\", \"None\". Write one of them.")]
    public void A_value_that_cannot_be_read_is_told_with_its_place_and_the_remedy(string key, string value, string problem) =>
        Configured.Errors(builder => builder.AddInbox<BillingDb>().AddHandler(Some.Handler()), (key, value))
            .ShouldBe([$"\"ReliableMq:{key}\" is \"{value}\", which is {problem}"]);

    [Theory]
    [InlineData("90s")]
    [InlineData("1.5m")]
    [InlineData("00:01:30")]
    public void Durations_are_read_in_both_forms(string value) =>
        Configured.Options(Configured.Hosts, ("Topology:CheckInterval", value)).Topology.CheckInterval.ShouldBe(TimeSpan.FromSeconds(90));
}

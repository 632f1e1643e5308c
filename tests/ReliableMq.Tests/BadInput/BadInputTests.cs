using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using ReliableMq.Broker;
using ReliableMq.Broker.Naming;
using ReliableMq.Broker.Topology;
using ReliableMq.DeadLettering;
using ReliableMq.Failing;
using ReliableMq.Handling;
using ReliableMq.Outbox;
using ReliableMq.Receiving;
using ReliableMq.Storage;
using ReliableMq.Tests.Hosting;

namespace ReliableMq.Tests.BadInput;

/// <summary>
/// Whatever others send and write is taken, or refused where it enters with an error that is meant for it. Each case has a
/// seed of its own, which its failure names.
/// </summary>
public sealed class BadInputTests(ITestOutputHelper output)
{
    [Fact]
    public void Any_delivery_can_be_read_kept_and_sent_again() => Each(40_000, bad =>
    {
        var delivery = Delivery.From("billing", 7, bad.Next(2) == 0, bad.Wire(), bad.Wire(), bad.Properties(), bad.Body(), TimeProvider.System);

        delivery.Epoch.ShouldBeGreaterThanOrEqualTo(0);
        delivery.Attempt.ShouldBeGreaterThan(0);
        delivery.Returns.ShouldBeGreaterThanOrEqualTo(0);
        _ = (delivery.NotBefore, delivery.FirstFailedAt, delivery.FirstSentAt, delivery.ExpiresAt, delivery.ToString(), delivery.Fingerprint);
        ShouldFit(delivery.MessageId, delivery.Name, delivery.ContentType, delivery.CorrelationId, delivery.ReplyTo, delivery.AppId, delivery.UserId, delivery.CausationId, delivery.OrderingKey, delivery.TraceParent);
        ShouldFit(OrderingKeys.Of(delivery, QueueOrder.ByKey), OrderingKeys.Of(delivery, QueueOrder.OneAtATime), OrderingKeys.TurnOf(delivery, QueueOrder.OneAtATime));
        (OrderingKeys.Of(delivery, QueueOrder.ByKey)?.Length ?? 0).ShouldBeLessThanOrEqualTo(255);

        foreach (var headers in new[] { CopyableHeaders.Of(delivery), CopyableHeaders.OfNextEpoch(delivery), CopyableHeaders.WithoutCounts(delivery.Headers) })
        {
            var json = HeaderJson.Write(headers)!;
            ShouldFit(json);
            HeaderJson.Write(HeaderJson.Read(json)).ShouldBe(json);
            HeaderJson.ReadAsText(json).Count.ShouldBe(headers.Count);
        }

        DerivedIds.Give(delivery).MessageId.ShouldBe(DerivedIds.Give(delivery).MessageId);
        DerivedIds.GiveToCopy(delivery).MessageId.ShouldBe(DerivedIds.GiveToCopy(delivery).MessageId);
        var death = BrokerDeath.Of(delivery, "billing");
        var restored = death.Restore(delivery);
        ShouldFit(death.Reason);
        using var command = new NpgsqlCommand();
        StoredDeadLetter.AddParameters(command.Parameters, restored, "billing", "m-1", 1, bad.Text(), new InvalidOperationException(bad.Text()));
        ShouldFit([.. command.Parameters.Select(parameter => parameter.Value as string)]);
    });

    [Fact]
    public void Any_body_is_a_message_or_unreadable()
    {
        var serializer = Some.Serializer();
        Each(40_000, bad =>
        {
            try
            {
                serializer.Deserialize(bad.Body(), typeof(OrderPlaced), bad.TextOrNull() is { } type && bad.Next(4) == 0 ? type : "application/json", "orders.order-placed.v1").ShouldBeOfType<OrderPlaced>();
            }
            catch (UnreadableMessageException unreadable)
            {
                unreadable.Message.ShouldNotBeEmpty();
                ShouldFit(SafeText.ForPostgres(unreadable.ToString()));
            }
        });
    }

    [Fact]
    public void Any_options_of_a_message_are_taken_or_refused_at_the_call()
    {
        var factory = new MessageFactory(new ReliableMqOptions(), new NamesInUse([], TopologyNaming.Domain), Some.Serializer(), TimeProvider.System);
        Each(20_000, bad =>
        {
            var options = new MessageOptions
            {
                MessageId = bad.TextOrNull(),
                CorrelationId = bad.TextOrNull(),
                OrderingKey = bad.TextOrNull(),
                Headers = bad.Next(2) == 0 ? null : Enumerable.Range(0, bad.Next(3)).Select(_ => (bad.Text(), bad.Text())).DistinctBy(header => header.Item1).ToDictionary(header => header.Item1, header => header.Item2),
                DeliverAt = bad.Next(4) == 0 ? bad.One([DateTimeOffset.MinValue, DateTimeOffset.MaxValue, DateTimeOffset.UnixEpoch]) : null,
                DeliverAfter = bad.Next(4) == 0 ? bad.One([TimeSpan.MinValue, TimeSpan.MaxValue, TimeSpan.Zero, TimeSpan.FromTicks(1)]) : null,
                ExpiresAfter = bad.Next(4) == 0 ? bad.One([TimeSpan.MinValue, TimeSpan.MaxValue, TimeSpan.Zero, TimeSpan.FromMilliseconds(1)]) : null,
            };
            OutboxMessage message;
            try
            {
                message = factory.Create(new OrderPlaced(Guid.Empty, 1), options);
            }
            catch (ReliableMqException refused)
            {
                refused.Message.ShouldContain("orders.order-placed.v1");
                return;
            }

            ShouldFit(message.MessageId, message.CorrelationId, message.OrderingKey, message.Headers);
            HeaderJson.Read(message.Headers ?? "{}").Count.ShouldBe(options.Headers?.Count ?? 0);
        });
    }

    [Fact]
    public void Any_text_is_a_setting_or_is_none() => Each(40_000, bad =>
    {
        var text = bad.Text();
        if (Duration.TryParse(text, out var duration))
        {
            duration.ShouldBeGreaterThan(TimeSpan.Zero);
        }

        if (RetryPolicy.TryParse(text, out var policy))
        {
            policy.Delays.Count.ShouldBeLessThanOrEqualTo(RetryPolicy.MaxDelays);
            policy.Delays.ShouldAllBe(delay => delay > TimeSpan.Zero);
            policy.DelayAfter(int.MaxValue, 1).ShouldBeNull();
        }

        if (DelayedRetry.TryParse(text, out var delayed))
        {
            delayed!.After(int.MaxValue).ShouldBe(delayed.Longest);
        }

        if (BrokerEndpoints.TryParse(text, out var endpoints, out var wrong))
        {
            (endpoints.Count > 0, wrong).ShouldBe((true, null));
        }

        Binding.Parse(text)?.Matches(bad.Text(), bad.Text());
        if (MessageNames.IsValid(text))
        {
            MessageNames.DomainOf(text).ShouldNotBeEmpty();
        }

        ShouldFit(SafeText.ForPostgres(text));
        SafeText.Clean(text).Length.ShouldBe(text.Length);
    });

    [Fact]
    public void Any_text_in_the_place_of_stored_headers_is_read_or_refused() => Each(20_000, bad =>
    {
        try
        {
            HeaderJson.Read(Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(bad.Json(0)))).ShouldNotBeNull();
        }
        catch (Exception error) when (error is JsonException or FormatException)
        {
            error.Message.ShouldNotBeEmpty();
        }
    });

    /// <summary>Each makes a host, so there are fewer.</summary>
    [Fact]
    public void Any_configuration_is_taken_or_refused_with_its_key()
    {
        string[] keys =
        [
            "Service", "Broker", "Broker:Hosts", "Broker:VirtualHost", "Broker:UserName", "Broker:Password", "Broker:Heartbeat", "Broker:ConfirmTimeout", "Broker:ConsumerTimeout", "Broker:MaxMessageBytes", "Broker:ManagementUrl",
            "Broker:Tls:Enabled", "Broker:Tls:ServerName", "Broker:Tls:CaCertificateFile", "Broker:Tls:ClientCertificateFile", "Topology:Mode", "Topology:CheckInterval", "Topology:Naming", "Database:Schema", "Database:CreateSchema",
            "Outbox:Lease", "Outbox:PollInterval", "Outbox:BatchSize", "Outbox:MaxUnconfirmed", "Outbox:ResendInterval", "Outbox:KeepSent", "Outbox:MaxAttempts", "Alerts:Webhook:Url", "Alerts:Webhook:Secret", "Alerts:Email:Host",
            "Alerts:Email:Port", "Alerts:Email:From", "Alerts:Email:To", "Inbox:KeepHandled", "DeadLetters:KeepReplayed", "Queues", "Queues:billing", "Queues:billing:Retry", "Queues:billing:RetryFor", "Queues:billing:Concurrency",
            "Queues:billing:Prefetch", "Queues:billing:Timeout", "Queues:billing:Bindings", "Queues:billing:Bindings:0", "Queues:billing:Order", "Queues:billing:ImmediateRetries", "Queues:billing:DeferUnknown", "Queues:billing:DelayedRetry",
            "Queues:billing:BatchSize", "Queues:billing:Linger", "Queues:billing:DeriveMessageIds", "Queues::Retry", "Nonsense", "Outbox:Lease:Nonsense",
        ];
        Each(5_000, bad =>
        {
            var settings = Enumerable.Range(0, 1 + bad.Next(4)).Select(_ => bad.One(keys)).Distinct().Select(key => (key, (string?)bad.Text())).ToArray();
            foreach (var error in Configured.Errors(builder => builder.AddInbox<BillingDb>().AddHandler(Some.Handler()), settings))
            {
                error.ShouldNotBeEmpty();
            }
        });
    }

    private void Each(int whole, Action<Bad> check)
    {
        var first = Random.Shared.Next(1_000_000_000);
        var cases = Bad.Cases(whole);
        for (var seed = first; seed < first + cases; seed++)
        {
            try
            {
                check(new Bad(seed));
            }
            catch (Exception error)
            {
                throw new InvalidOperationException($"seed {seed}: {error.GetType().Name}: {error.Message}", error);
            }
        }

        output.WriteLine($"{cases} cases from seed {first}");
    }

    /// <summary>PostgreSQL takes it as text.</summary>
    private static void ShouldFit(params string?[] texts)
    {
        foreach (var text in texts.OfType<string>())
        {
            text.Contains('\0', StringComparison.Ordinal).ShouldBeFalse(text);
            Strict.GetByteCount(text);
        }
    }

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
}

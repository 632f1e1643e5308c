using Microsoft.Extensions.Options;
using ReliableMq.Broker;
using ReliableMq.Broker.Naming;
using ReliableMq.Handling;
using ReliableMq.Receiving;
using ReliableMq.Storage;

namespace ReliableMq.Hosting;

/// <summary>Checks everything that was configured, at start, all errors at once.</summary>
internal sealed class OptionsRules(
    IEnumerable<DatabaseRegistration> databases, IEnumerable<HandlerDefinition> handlers, IEnumerable<UpcasterRegistration> upcasters, IEnumerable<INamingPolicy> naming,
    IEnumerable<IMessageSerializer> serializers, MessageSerializer serializer, IEnumerable<FilterRegistration> filters, DependencyRules dependencies) : IValidateOptions<ReliableMqOptions>
{
    public ValidateOptionsResult Validate(string? name, ReliableMqOptions options)
    {
        var errors = new List<string>();
        CheckBroker(options, errors);
        CheckTopology(options.Topology, errors);
        CheckDatabase(options, errors);
        CheckOutbox(options.Outbox, errors);
        CheckInbox(options.Inbox, errors);
        CheckDeadLetters(options.DeadLetters, errors);
        CheckHandlers(options, [.. handlers], errors);
        dependencies.Check(handlers, filters, upcasters, errors);
        AlertOptionsRules.Check(options.Alerts, errors);
        return errors.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(errors);
    }

    private static void CheckBroker(ReliableMqOptions options, List<string> errors)
    {
        var broker = options.Broker;
        if (string.IsNullOrWhiteSpace(broker.Hosts))
        {
            errors.Add("\"ReliableMq:Broker:Hosts\" is missing. Name at least one RabbitMQ host, like \"localhost:5672\".");
        }
        else if (!BrokerEndpoints.TryParse(broker.Hosts, out _, out var wrong))
        {
            errors.Add($"\"ReliableMq:Broker:Hosts\" has the entry \"{wrong ?? broker.Hosts}\", which is not a host with an optional port. Write hosts separated by commas, like \"rabbit-1:5672, rabbit-2\"; user, password and virtual host have settings of their own.");
        }

        if (options.Service is { } service && (service.Length == 0 || !MessageNames.IsShortString(service) || SafeText.Clean(service) != service))
        {
            errors.Add($"\"ReliableMq:Service\" is \"{service}\". Use 1 to {MessageNames.MaxShortStringBytes} bytes of UTF-8 without U+0000 and half surrogate pairs.");
        }

        Between(errors, "Broker:Heartbeat", broker.Heartbeat, TimeSpan.FromSeconds(1), options.Outbox.Lease / 6, ", a sixth of \"ReliableMq:Outbox:Lease\": the broker drops a silent connection within three heartbeats, and what a process that was stopped after half a lease still had in its buffers must not arrive when the lease is over");
        Between(errors, "Broker:ConfirmTimeout", broker.ConfirmTimeout, TimeSpan.FromSeconds(1), options.Outbox.Lease / 2, ", half of \"ReliableMq:Outbox:Lease\"");
        Between(errors, "Broker:ConsumerTimeout", broker.ConsumerTimeout, TimeSpan.FromMinutes(3), TimeSpan.FromDays(7), ": a third each for waiting, handling, and for holding and settling, where a delivery may be held for half a minute");
        Between(errors, "Broker:MaxMessageBytes", broker.MaxMessageBytes, 1, 512 * 1024 * 1024);
        NotEmpty(errors, "Broker:VirtualHost", broker.VirtualHost);
        NotEmpty(errors, "Broker:UserName", broker.UserName);
        if (broker.ManagementUrl is { } url && !(Uri.TryCreate(url, UriKind.Absolute, out var address) && address.Scheme is "http" or "https"))
        {
            errors.Add($"\"ReliableMq:Broker:ManagementUrl\" is \"{url}\", which is not an address. Write it like \"http://rabbit-1:15672\", or leave it out.");
        }

        TlsRules.Check(broker.Tls, errors);
    }

    private static void CheckTopology(TopologyOptions topology, List<string> errors)
    {
        OneOf(errors, "Topology:Mode", topology.Mode);
        OneOf(errors, "Topology:Naming", topology.Naming);
        Between(errors, "Topology:CheckInterval", topology.CheckInterval, TimeSpan.FromSeconds(1), TimeSpan.FromDays(1));
    }

    private void CheckDatabase(ReliableMqOptions options, List<string> errors)
    {
        if (!SchemaName.IsValid(options.Database.Schema))
        {
            errors.Add($"\"ReliableMq:Database:Schema\" is \"{options.Database.Schema}\", which is not a valid schema name. {SchemaName.Rule}");
        }

        if (databases.Count(database => database.Source is not null) > 1)
        {
            errors.Add("AddInbox or AddOutbox was called more than once with a data source, but a service has one. Keep one of the calls; an inbox has an outbox.");
        }

        foreach (var same in databases.Where(database => database.Schema is not null).GroupBy(database => database.Key, database => database.Schema!))
        {
            var schemas = same.Distinct().ToList();
            if (schemas.Count > 1)
            {
                errors.Add($"AddOutbox and AddInbox gave \"{same.Key.Name}\" the schemas {string.Join(" and ", schemas.Select(schema => $"\"{schema}\""))}, but it has one. Keep one of them.");
            }

            errors.AddRange(schemas.Where(schema => !SchemaName.IsValid(schema)).Select(schema =>
                $"AddOutbox or AddInbox gave \"{same.Key.Name}\" the schema \"{schema}\", which is not a valid schema name. {SchemaName.Rule}"));
        }
    }

    private static void CheckOutbox(OutboxOptions outbox, List<string> errors)
    {
        Between(errors, "Outbox:Lease", outbox.Lease, TimeSpan.FromSeconds(10), TimeSpan.FromMinutes(10));
        Between(errors, "Outbox:PollInterval", outbox.PollInterval, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(1));
        Between(errors, "Outbox:ResendInterval", outbox.ResendInterval, TimeSpan.FromSeconds(1), TimeSpan.FromDays(1));
        Between(errors, "Outbox:KeepSent", outbox.KeepSent, TimeSpan.FromMinutes(1), TimeSpan.FromDays(3650));
        Between(errors, "Outbox:MaxAttempts", outbox.MaxAttempts, 1, 1_000);
        Between(errors, "Outbox:MaxUndeliverableAttempts", outbox.MaxUndeliverableAttempts, 0, 1_000_000);
        Between(errors, "Outbox:BatchSize", outbox.BatchSize, 1, 10_000);
        Between(errors, "Outbox:MaxUnconfirmed", outbox.MaxUnconfirmed, 1, 30_000);
    }

    private static void CheckDeadLetters(DeadLetterOptions deadLetters, List<string> errors)
    {
        Between(errors, "DeadLetters:KeepReplayed", deadLetters.KeepReplayed, TimeSpan.FromHours(1), TimeSpan.FromDays(3650));
        Between(errors, "DeadLetters:KeepAudit", deadLetters.KeepAudit, TimeSpan.FromDays(1), TimeSpan.FromDays(3650));
    }

    private static void CheckInbox(InboxOptions inbox, List<string> errors) =>
        Between(errors, "Inbox:KeepHandled", inbox.KeepHandled, TimeSpan.FromHours(1), TimeSpan.FromDays(3650));

    private void CheckHandlers(ReliableMqOptions options, List<HandlerDefinition> all, List<string> errors)
    {
        var readings = ReadingRules.Check(all, [.. upcasters], errors);
        QueueNameRules.Check(all, readings, new NamesInUse(naming, options.Topology.Naming), errors);
        CheckSerializers(readings, errors);

        foreach (var queue in all.GroupBy(handler => handler.Queue))
        {
            CheckInbox(QueueSettings.Resolve(queue.Key, [.. queue], options.Queues.GetValueOrDefault(queue.Key), options.Broker.ConsumerTimeout, errors), queue.First(), errors);
        }

        foreach (var queue in options.Queues.Keys.Where(queue => all.TrueForAll(handler => handler.Queue != queue)))
        {
            errors.Add($"\"ReliableMq:Queues:{queue}\" is configured, but no handler consumes the queue \"{queue}\". Correct the name or remove it. Queues with handlers: {string.Join(", ", all.Select(handler => $"\"{handler.Queue}\"").Distinct().Order().DefaultIfEmpty("none"))}.");
        }
    }

    private void CheckInbox(QueueSettings queue, HandlerDefinition handler, List<string> errors)
    {
        var inboxes = databases.Where(database => database.IsInbox).Select(database => database.Key).Distinct().ToList();
        if (queue.Inbox == typeof(NoInbox))
        {
            return;
        }

        if (queue.Inbox is { } named)
        {
            if (!inboxes.Contains(named))
            {
                errors.Add($"The queue \"{queue.Queue}\" of \"{handler.HandlerName}\" has the inbox \"{named.Name}\", which is not registered. Call AddReliableMq(…).AddInbox for it. Inboxes: {string.Join(", ", inboxes.Select(inbox => $"\"{inbox.Name}\"").DefaultIfEmpty("none"))}.");
            }
        }
        else if (inboxes.Count == 0)
        {
            errors.Add($"The queue \"{queue.Queue}\" of \"{handler.HandlerName}\" has no inbox. Call AddReliableMq(…).AddInbox<TContext>() with the context whose transaction its handlers share, or write [MessageHandler(…, Inbox = typeof(NoInbox))] where a message may be handled more than once.");
        }
        else if (inboxes.Count > 1)
        {
            errors.Add($"The queue \"{queue.Queue}\" of \"{handler.HandlerName}\" does not say which inbox it has. Write [MessageHandler(…, Inbox = typeof({inboxes[0].Name}))] or another of {string.Join(", ", inboxes.Select(inbox => $"\"{inbox.Name}\""))}.");
        }
    }

    private void CheckSerializers(List<MessageReading> readings, List<string> errors)
    {
        foreach (var wrong in serializers.Where(one => !MediaType.IsValid(one.ContentType)))
        {
            errors.Add($"The serializer \"{wrong.GetType().Name}\" has the content type \"{wrong.ContentType}\", which is not a type and a subtype. Write one like \"application/x-protobuf\", without parameters.");
        }

        foreach (var twins in serializers.GroupBy(one => one.ContentType, StringComparer.OrdinalIgnoreCase).Where(twins => twins.Count() > 1))
        {
            errors.Add($"The content type \"{twins.Key}\" has more than one serializer: {string.Join(", ", twins.Select(twin => $"\"{twin.GetType().Name}\""))}. Register one of them.");
        }

        foreach (var reading in readings.DistinctBy(reading => (reading.Handler, reading.Type)).Where(reading => !serializer.Handles(MessageNames.ContentTypeOf(reading.Type))))
        {
            errors.Add($"The message \"{reading.Name}\" of the queue \"{reading.Handler.Queue}\" has the content type \"{MessageNames.ContentTypeOf(reading.Type)}\", which no serializer reads. Register one with AddReliableMq(…).AddSerializer<T>().");
        }
    }

    private static void Between<T>(List<string> errors, string option, T value, T least, T most, string why = "") where T : IComparable<T>
    {
        if (value.CompareTo(least) < 0 || value.CompareTo(most) > 0)
        {
            errors.Add($"\"ReliableMq:{option}\" is {value}. Use {least} to {most}{why}.");
        }
    }

    /// <summary>The binder takes any number for an enum.</summary>
    private static void OneOf<T>(List<string> errors, string option, T value) where T : struct, Enum
    {
        if (!Enum.IsDefined(value))
        {
            errors.Add($"\"ReliableMq:{option}\" is {value}. Use {string.Join(", ", Enum.GetNames<T>())}.");
        }
    }

    private static void NotEmpty(List<string> errors, string option, string value)
    {
        if (string.IsNullOrWhiteSpace(value))
        {
            errors.Add($"\"ReliableMq:{option}\" is empty. Give a value, or leave it out for the default.");
        }
    }
}

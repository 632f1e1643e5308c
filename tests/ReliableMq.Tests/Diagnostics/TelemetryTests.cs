using System.Diagnostics;
using RabbitMQ.Client;
using ReliableMq.Diagnostics;

namespace ReliableMq.Tests.Diagnostics;

/// <summary>One class, because listeners are seen by the whole process.</summary>
public sealed class TelemetryTests
{
    private const string Stored = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    [Fact]
    public void A_send_goes_on_with_the_stored_trace()
    {
        using var listener = Listen();

        using var activity = Telemetry.StartSend(Some.Row(traceParent: Stored)).ShouldNotBeNull();

        activity.DisplayName.ShouldBe("send orders");
        activity.Kind.ShouldBe(ActivityKind.Producer);
        activity.ParentId.ShouldBe(Stored);
        Tags(activity).ShouldBe([
            "messaging.destination.name: orders", "messaging.message.id: m-1", "messaging.operation.name: send",
            "messaging.operation.type: send", "messaging.system: rabbitmq",
        ]);
    }

    [Fact]
    public void Handling_goes_on_with_the_trace_of_the_delivery()
    {
        using var listener = Listen();
        var delivery = Some.Delivery(new BasicProperties { MessageId = "m-1", Headers = new Dictionary<string, object?> { ["traceparent"] = Stored } });

        using var activity = Telemetry.StartProcess([delivery]).ShouldNotBeNull();

        activity.DisplayName.ShouldBe("process billing");
        activity.Kind.ShouldBe(ActivityKind.Consumer);
        activity.ParentId.ShouldBe(Stored);
        Tags(activity).ShouldBe([
            "messaging.destination.name: billing", "messaging.message.id: m-1", "messaging.operation.name: process",
            "messaging.operation.type: process", "messaging.system: rabbitmq",
        ]);
    }

    [Theory]
    [InlineData("")]
    [InlineData("garbage")]
    [InlineData("00-00000000000000000000000000000000-0000000000000000-00")]
    public void A_trace_that_is_none_begins_anew(string traceParent)
    {
        using var listener = Listen();

        using var send = Telemetry.StartSend(Some.Row(traceParent: traceParent)).ShouldNotBeNull();
        using var process = Telemetry.StartProcess([Some.DeliveryWith("traceparent", traceParent)]).ShouldNotBeNull();

        send.IdFormat.ShouldBe(ActivityIdFormat.W3C);
        send.Id!.ShouldNotContain("garbage");
        process.Id!.ShouldNotContain("garbage");
    }

    [Fact]
    public void Where_nobody_listens_the_stored_trace_still_goes_on()
    {
        using var activity = Telemetry.StartSend(Some.Row(traceParent: Stored)).ShouldNotBeNull();

        activity.TraceId.ToString().ShouldBe("0af7651916cd43dd8448eb211c80319c");
    }

    [Theory]
    [InlineData("")]
    [InlineData("garbage")]
    [InlineData("00-00000000000000000000000000000000-0000000000000000-00")]
    public void Where_nobody_listens_a_trace_that_is_none_does_not_go_on(string traceParent) =>
        Telemetry.StartSend(Some.Row(traceParent: traceParent)).ShouldBeNull();

    [Fact]
    public void Where_nobody_listens_nothing_is_traced()
    {
        Telemetry.StartSend(Some.Row()).ShouldBeNull();
        Telemetry.StartProcess([Some.Delivery()]).ShouldBeNull();
    }

    private static ActivityListener Listen()
    {
        var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "ReliableMq",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
        };
        ActivitySource.AddActivityListener(listener);
        return listener;
    }

    private static IEnumerable<string> Tags(Activity activity) => activity.TagObjects.Select(tag => $"{tag.Key}: {tag.Value}").Order(StringComparer.Ordinal);
}

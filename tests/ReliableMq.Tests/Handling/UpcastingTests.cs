using RabbitMQ.Client;
using ReliableMq.Failing;
using ReliableMq.Handling;
using ReliableMq.Receiving;

namespace ReliableMq.Tests.Handling;

public sealed class UpcastingTests
{
    private readonly Services _services = new();

    [Fact]
    public void An_old_message_becomes_the_newest_step_by_step()
    {
        var reading = Reading("tests.first.v1", First(), Second());

        reading.Type.ShouldBe(typeof(One));
        Read(reading, """{"text":"a"}""").ShouldBe(new Three("a12"));
    }

    [Fact]
    public void A_message_in_between_takes_the_rest_of_the_way() =>
        Read(Reading("tests.second.v1", First(), Second()), """{"text":"a"}""").ShouldBe(new Three("a2"));

    [Fact]
    public void The_newest_is_read_as_it_is() =>
        Read(Reading("tests.third.v1", First(), Second()), """{"text":"a"}""").ShouldBe(new Three("a"));

    [Fact]
    public void Upcasters_get_the_services_of_the_application()
    {
        IServiceProvider? seen = null;
        Read(Reading("tests.second.v1", Second((services, message) =>
        {
            seen = services;
            return new Three(((Two)message).Text);
        })), """{"text":"a"}""");

        seen.ShouldBeSameAs(_services);
    }

    [Fact]
    public void A_failing_upcaster_makes_the_message_unreadable() =>
        Should.Throw<UnreadableMessageException>(() => Read(Reading("tests.first.v1", First(), Second((_, _) => throw new FormatException("No date."))), """{"text":"a"}""")).Message.ShouldBe(
            "The upcaster \"ReliableMq.Tests.Handling.UpcastingTests+SecondUpcaster\" cannot make a \"ReliableMq.Tests.Handling.UpcastingTests+Three\" of the message \"tests.first.v1\": No date.");

    [Fact]
    public void An_upcaster_that_returns_null_makes_the_message_unreadable() =>
        Should.Throw<UnreadableMessageException>(() => Read(Reading("tests.second.v1", Second((_, _) => null)), """{"text":"a"}""")).Message.ShouldEndWith("\"tests.second.v1\": It returned null.");

    [Fact]
    public void An_unreadable_old_message_is_told_by_its_own_name_and_type() =>
        Should.Throw<UnreadableMessageException>(() => Read(Reading("tests.first.v1", First(), Second()), "{")).Message
            .ShouldStartWith("The body of the message \"tests.first.v1\" cannot be read as \"ReliableMq.Tests.Handling.UpcastingTests+One\"");

    [Fact]
    public void A_circle_of_upcasters_ends() =>
        Readings(First(), Second(), new UpcasterRegistration(typeof(Three), typeof(One), typeof(string), (_, message) => message))
            .Select(reading => reading.Name).ShouldBe(["tests.third.v1", "tests.second.v1", "tests.first.v1"]);

    private object Read(MessageReading reading, string body) =>
        reading.Read(
            Delivery.From("billing", 7, redelivered: false, "tests", reading.Name, new BasicProperties { ContentType = "application/json" }, System.Text.Encoding.UTF8.GetBytes(body), TimeProvider.System),
            Some.Serializer(), _services);

    private static MessageReading Reading(string name, params UpcasterRegistration[] upcasters) => Readings(upcasters).Single(reading => reading.Name == name);

    private static IEnumerable<MessageReading> Readings(params UpcasterRegistration[] upcasters) => MessageReading.Of(
        new HandlerDefinition { Queue = "q", MessageName = "tests.third.v1", MessageType = typeof(Three), HandlerName = "H", Invoke = (_, _, _) => default }, upcasters);

    private static UpcasterRegistration First() => new(typeof(One), typeof(Two), typeof(FirstUpcaster), (_, message) => new FirstUpcaster().Upcast((One)message));

    private static UpcasterRegistration Second(Func<IServiceProvider, object, object?>? upcast = null) =>
        new(typeof(Two), typeof(Three), typeof(SecondUpcaster), upcast ?? ((_, message) => new SecondUpcaster().Upcast((Two)message)));

    private sealed class Services : IServiceProvider
    {
        public object? GetService(Type serviceType) => null;
    }

    [Message("tests.first.v1")]
    private sealed record One(string Text);

    [Message("tests.second.v1")]
    private sealed record Two(string Text);

    [Message("tests.third.v1")]
    private sealed record Three(string Text);

    private sealed class FirstUpcaster : IMessageUpcaster<One, Two>
    {
        public Two Upcast(One message) => new(message.Text + "1");
    }

    private sealed class SecondUpcaster : IMessageUpcaster<Two, Three>
    {
        public Three Upcast(Two message) => new(message.Text + "2");
    }
}

using System.Text;
using ReliableMq.Failing;
using ReliableMq.Handling;

namespace ReliableMq.Tests.Handling;

public sealed class MessageSerializerTests
{
    private const string Json = """{"orderId":"00000000-0000-0000-0000-000000000000","total":12.5}""";

    [Theory]
    [InlineData("application/json")]
    [InlineData("application/json; charset=utf-8")]
    [InlineData("Application/JSON")]
    [InlineData("")]
    [InlineData(null)]
    public void Reads_JSON_also_where_the_sender_does_not_say_what_it_is(string? contentType) =>
        Read(Json, contentType).ShouldBe(new OrderPlaced(Guid.Empty, 12.5m));

    [Fact]
    public void Ignores_members_that_it_does_not_know_and_case() =>
        Read("""{"Total":12.5,"later":{"a":[1]}}""").ShouldBe(new OrderPlaced(Guid.Empty, 12.5m));

    [Theory]
    [InlineData("application/xml")]
    [InlineData("text/plain")]
    [InlineData("application/json-patch+json")]
    public void Another_content_type_is_unreadable(string contentType) =>
        Unreadable(Json, contentType).ShouldBe(
            $"The content type \"{contentType}\" of the message \"orders.order-placed.v1\" is not supported. Send \"application/json\", or register a serializer with AddReliableMq(…).AddSerializer<T>().");

    [Fact]
    public void The_value_null_is_unreadable() =>
        Unreadable("null").ShouldBe("The body of the message \"orders.order-placed.v1\" cannot be read as \"ReliableMq.Tests.OrderPlaced\": It is the JSON value null. Send an object.");

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("\"text\"")]
    [InlineData("""{"orderId":"secret-and-no-guid"}""")]
    [InlineData("\0")]
    public void A_body_of_another_shape_is_unreadable_and_not_repeated_in_the_error(string body)
    {
        var message = Unreadable(body);

        message.ShouldStartWith("The body of the message \"orders.order-placed.v1\" cannot be read as \"ReliableMq.Tests.OrderPlaced\": ");
        message.ShouldNotContain("secret");
    }

    [Fact]
    public void A_body_that_is_no_text_is_unreadable() =>
        Should.Throw<UnreadableMessageException>(() => Some.Serializer().Deserialize([0xFF, 0xFE, 0x00], typeof(OrderPlaced), null, "name"));

    private static object Read(string body, string? contentType = null) =>
        Some.Serializer().Deserialize(Encoding.UTF8.GetBytes(body), typeof(OrderPlaced), contentType, "orders.order-placed.v1");

    private static string Unreadable(string body, string? contentType = null) =>
        Should.Throw<UnreadableMessageException>(() => Read(body, contentType)).Message;
}

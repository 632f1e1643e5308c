using System.Text.Json;
using System.Text.Json.Serialization;
using ReliableMq.Handling;

namespace ReliableMq.Tests.Handling;

public sealed class JsonContextTests
{
    [Fact]
    public void A_context_writes_and_reads_its_types_with_the_defaults_for_the_web()
    {
        var json = new JsonMessageSerializer([new JsonContext(GeneratedJson.Default)]);

        var body = json.Serialize(new Generated(7, null));

        body.ShouldBe("""{"orderNumber":7,"note":null,"isGenerated":true}"""u8.ToArray());
        json.Deserialize("""{"ORDERNUMBER":"7"}"""u8.ToArray(), typeof(Generated)).ShouldBe(new Generated(7, null));
    }

    [Fact]
    public void Types_of_no_context_are_written_by_reflection()
    {
        var json = new JsonMessageSerializer([new JsonContext(GeneratedJson.Default)]);

        json.Serialize(new OrderPlaced(Guid.Empty, 1)).ShouldBe("""{"orderId":"00000000-0000-0000-0000-000000000000","total":1}"""u8.ToArray());
    }

    [Fact]
    public void Contexts_are_asked_in_order()
    {
        var json = new JsonMessageSerializer([new JsonContext(new Refusing()), new JsonContext(GeneratedJson.Default)]);

        Should.Throw<NotSupportedException>(() => json.Serialize(new Generated(7, null))).Message.ShouldBe("asked first");
    }

    internal sealed record Generated(int OrderNumber, string? Note)
    {
        [JsonInclude]
        internal bool IsGenerated => true;
    }

    private sealed class Refusing : System.Text.Json.Serialization.Metadata.IJsonTypeInfoResolver
    {
        public System.Text.Json.Serialization.Metadata.JsonTypeInfo? GetTypeInfo(Type type, JsonSerializerOptions options) =>
            type == typeof(Generated) ? throw new NotSupportedException("asked first") : null;
    }
}

[JsonSerializable(typeof(JsonContextTests.Generated))]
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.KebabCaseLower)]
internal sealed partial class GeneratedJson : JsonSerializerContext;

using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace ReliableMq.Handling;

/// <summary>
/// JSON by System.Text.Json with its defaults for the web: first by the contexts that were added, then by
/// reflection, unless the application has switched that off.
/// </summary>
internal sealed class JsonMessageSerializer : IMessageSerializer
{
    private readonly JsonSerializerOptions _options;

    public JsonMessageSerializer(IEnumerable<JsonContext> contexts)
    {
        var resolvers = contexts.Select(context => context.Resolver);
        _options = new JsonSerializerOptions(JsonSerializerDefaults.Web)
        {
            TypeInfoResolver = JsonTypeInfoResolver.Combine(
                [.. JsonSerializer.IsReflectionEnabledByDefault ? resolvers.Append(new DefaultJsonTypeInfoResolver()) : resolvers]),
        };
        _options.MakeReadOnly();
    }

    public string ContentType => "application/json";

    public byte[] Serialize(object message) => JsonSerializer.SerializeToUtf8Bytes(message, _options.GetTypeInfo(message.GetType()));

    public object Deserialize(ReadOnlyMemory<byte> body, Type type) =>
        JsonSerializer.Deserialize(body.Span, _options.GetTypeInfo(type)) ?? throw new JsonException("It is the JSON value null. Send an object.");
}

/// <summary>What <c>AddJsonContext</c> said.</summary>
internal sealed record JsonContext(IJsonTypeInfoResolver Resolver);

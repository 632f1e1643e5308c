using System.ComponentModel;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Schema;
using System.Text.Json.Serialization.Metadata;
using System.Text.RegularExpressions;

namespace ReliableMq.Dashboard.Api;

/// <summary>The OpenAPI 3.1 document, made of the routes that are served, so that it cannot differ from them.</summary>
internal static partial class OpenApiDocument
{
    public static JsonObject Of(IEnumerable<ApiRoute> routes)
    {
        var schemas = new SortedDictionary<string, JsonNode>(StringComparer.Ordinal);
        var paths = new JsonObject();
        foreach (var path in routes.GroupBy(route => route.Path, StringComparer.Ordinal))
        {
            var item = new JsonObject();
            foreach (var route in path)
            {
                item[route.Method.ToLowerInvariant()] = Operation(route, schemas);
            }

            paths["/v1/" + path.Key] = item;
        }

        _ = Reference(ApiJson.Default.Problem, schemas);
        _ = Reference(ApiJson.Default.Change, schemas);
        return new JsonObject
        {
            ["openapi"] = "3.1.0",
            ["info"] = new JsonObject
            {
                ["title"] = "ReliableMq dashboard",
                ["version"] = "1",
                ["description"] = "Lists are paged by `cursor`, newest first. Times are UTC. Ids of rows are opaque. Every POST needs the header `X-ReliableMq-Change` with any value. Errors are application/problem+json.",
            },
            // Relative to this document, wherever the dashboard is mapped.
            ["servers"] = new JsonArray(new JsonObject { ["url"] = "." }),
            ["paths"] = paths,
            ["components"] = new JsonObject { ["schemas"] = new JsonObject([.. schemas.Select(schema => KeyValuePair.Create(schema.Key, (JsonNode?)schema.Value))]) },
        };
    }

    private static JsonObject Operation(ApiRoute route, IDictionary<string, JsonNode> schemas)
    {
        var parameters = new JsonArray();
        foreach (Match segment in Segment().Matches(route.Path))
        {
            parameters.Add(new JsonObject { ["name"] = segment.Groups[1].Value, ["in"] = "path", ["required"] = true, ["schema"] = new JsonObject { ["type"] = "string" } });
        }

        foreach (var parameter in route.Parameters)
        {
            parameters.Add(new JsonObject
            {
                ["name"] = parameter.Name, ["in"] = "query", ["required"] = parameter.IsRequired, ["description"] = parameter.Description, ["schema"] = parameter.Schema.DeepClone(),
            });
        }

        var operation = new JsonObject
        {
            ["operationId"] = route.Method.ToLowerInvariant() + string.Concat(Word().Matches(route.Path).Select(word => char.ToUpperInvariant(word.Value[0]) + word.Value[1..])),
            ["summary"] = route.Summary,
            ["tags"] = new JsonArray(route.Path.Split('/')[0]),
            ["x-right"] = JsonNamingPolicy.KebabCaseLower.ConvertName(route.Right.ToString()),
            ["parameters"] = parameters,
            ["responses"] = new JsonObject
            {
                ["200"] = route.Response is { } response
                    ? Content("Done.", "application/json", Reference(response, schemas))
                    : Content("Done.", route.ResponseType ?? "application/octet-stream", new JsonObject()),
                ["default"] = Content("What was wrong.", "application/problem+json", new JsonObject { ["$ref"] = "#/components/schemas/Problem" }),
            },
        };
        if (route.Request is { } request)
        {
            operation["requestBody"] = Content("", "application/json", Reference(request, schemas));
        }

        return operation;
    }

    private static JsonObject Content(string description, string type, JsonNode schema)
    {
        var content = new JsonObject { ["content"] = new JsonObject { [type] = new JsonObject { ["schema"] = schema } } };
        content["description"] = description;
        return content;
    }

    private static JsonObject Reference(JsonTypeInfo type, IDictionary<string, JsonNode> schemas)
    {
        var name = NameOf(type.Type);
        if (!schemas.ContainsKey(name))
        {
            // Held first, because what it contains may lead back to it.
            schemas[name] = new JsonObject();
            schemas[name] = type.GetJsonSchemaAsNode(new JsonSchemaExporterOptions
            {
                TreatNullObliviousAsNonNullable = true,
                TransformSchemaNode = (context, schema) => Transform(context, schema, type, schemas),
            });
        }

        return new JsonObject { ["$ref"] = "#/components/schemas/" + name };
    }

    private static JsonNode Transform(JsonSchemaExporterContext context, JsonNode schema, JsonTypeInfo root, IDictionary<string, JsonNode> schemas)
    {
        var type = Nullable.GetUnderlyingType(context.TypeInfo.Type) ?? context.TypeInfo.Type;
        var isNamed = type.Namespace == typeof(Contract.Problem).Namespace && (type != root.Type || context.Path.Length > 0);
        if (isNamed)
        {
            var isNullable = schema is JsonObject { } whole && (whole["type"] is JsonArray || whole["enum"] is JsonArray values && values.Any(value => value is null));
            JsonNode reference = Reference(ApiJson.Default.GetTypeInfo(type)!, schemas);
            schema = isNullable ? new JsonObject { ["anyOf"] = new JsonArray(reference, new JsonObject { ["type"] = "null" }) } : reference;
        }

        if (context.PropertyInfo?.AttributeProvider?.GetCustomAttributes(typeof(DescriptionAttribute), inherit: false) is [DescriptionAttribute description, ..] && schema is JsonObject described)
        {
            described["description"] = description.Description;
        }

        return schema;
    }

    private static string NameOf(Type type) => type.IsGenericType
        ? string.Concat(type.GetGenericArguments().Select(NameOf)) + type.Name[..type.Name.IndexOf('`', StringComparison.Ordinal)]
        : type.Name;

    [GeneratedRegex(@"\{(\w+)\}")]
    private static partial Regex Segment();

    [GeneratedRegex(@"\w+")]
    private static partial Regex Word();
}

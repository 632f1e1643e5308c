using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using ReliableMq.Dashboard.Api;
using ReliableMq.Tests;

namespace ReliableMq.Dashboard.Tests;

/// <summary>
/// What scripts can rely on is decided, not slipped in. After a decision, run once with UPDATE_SNAPSHOTS=1 and commit
/// the document, which the page's types are made of.
/// </summary>
public sealed class OpenApiTests
{
    [Fact]
    public void The_API_is_what_was_approved()
    {
        var actual = Document().ToJsonString(new JsonSerializerOptions { WriteIndented = true, IndentSize = 1, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }) + "\n";
        var file = Repository.PathOf("src/ReliableMq.Dashboard", "openapi.json");
        if (Environment.GetEnvironmentVariable("UPDATE_SNAPSHOTS") == "1")
        {
            File.WriteAllText(file, actual);
        }

        var approved = File.Exists(file) ? File.ReadAllText(file).ReplaceLineEndings("\n") : "";
        actual.ShouldBe(approved, "The API has changed. If that is meant, run once with UPDATE_SNAPSHOTS=1 and commit the document.");
    }

    [Fact]
    public void Every_reference_in_the_document_leads_somewhere()
    {
        var document = Document();
        var schemas = document["components"]!["schemas"]!.AsObject();
        var references = References(document).Distinct().ToList();
        references.ShouldNotBeEmpty();
        references.ShouldAllBe(reference => schemas.ContainsKey(reference.Substring("#/components/schemas/".Length)));
    }

    private static JsonObject Document()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Services.AddReliableMqDashboard();
        var app = builder.Build();
        return OpenApiDocument.Of(app.Services.GetRequiredService<ApiRoutes>().All);
    }

    private static IEnumerable<string> References(JsonNode? node) => node switch
    {
        JsonObject whole => whole.SelectMany(member => member.Key == "$ref" ? [(string)member.Value!] : References(member.Value)),
        JsonArray all => all.SelectMany(References),
        _ => [],
    };
}

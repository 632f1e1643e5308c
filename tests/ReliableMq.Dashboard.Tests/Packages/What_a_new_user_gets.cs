using System.IO.Compression;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using ReliableMq.TestSupport;
using ReliableMq.Tests;

namespace ReliableMq.Dashboard.Tests.Packages;

public sealed partial class What_a_new_user_gets(MadePackages packages) : IClassFixture<MadePackages>
{
    /// <summary>An application is started and works here beside all other tests.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    [Theory]
    [InlineData("ReliableMq.Abstractions", "lib/net10.0/ReliableMq.Abstractions.dll, lib/net10.0/ReliableMq.Abstractions.xml, README.md, icon.png")]
    [InlineData("ReliableMq", "lib/net10.0/ReliableMq.dll, lib/net10.0/ReliableMq.xml, README.md, icon.png, analyzers/dotnet/cs/ReliableMq.SourceGenerator.dll, buildTransitive/ReliableMq.props, docs/getting-started.md")]
    [InlineData("ReliableMq.Dashboard", "lib/net10.0/ReliableMq.Dashboard.dll, lib/net10.0/ReliableMq.Dashboard.xml, README.md, icon.png, THIRD-PARTY-NOTICES.md")]
    public void A_package_has_its_parts_and_says_what_it_is(string package, string parts)
    {
        using var zip = ZipFile.OpenRead(packages.PathOf(package));
        var files = zip.Entries.Select(entry => entry.FullName).ToList();
        parts.Split(", ").Except(files).ShouldBeEmpty();

        using var stream = zip.GetEntry($"{package}.nuspec")!.Open();
        var said = XDocument.Load(stream).Root!.Elements().Single().Elements().ToDictionary(element => element.Name.LocalName, element => element);
        (said["license"].Value, said["readme"].Value, said["icon"].Value).ShouldBe(("MIT", "README.md", "icon.png"));
        said["description"].Value.Length.ShouldBeGreaterThan(40);
        said["dependencies"].Descendants().Select(element => (string?)element.Attribute("id")).OfType<string>().Where(id => id.StartsWith("ReliableMq", StringComparison.Ordinal))
            .ShouldBe(package switch { "ReliableMq" => ["ReliableMq.Abstractions"], "ReliableMq.Dashboard" => ["ReliableMq"], _ => [] });
    }

    /// <summary>Tests kill a build of their own at named points, which the environment asks for.</summary>
    [Fact]
    public void The_packed_library_has_no_points_at_which_it_dies()
    {
        using var zip = ZipFile.OpenRead(packages.PathOf("ReliableMq"));
        using var entry = zip.GetEntry("lib/net10.0/ReliableMq.dll")!.Open();
        using var library = new MemoryStream();
        entry.CopyTo(library);
        HasLiteral("FOR UPDATE SKIP LOCKED").ShouldBeTrue("else this reads wrongly");
        HasLiteral("RELIABLEMQ_CRASH_AT").ShouldBeFalse();

        bool HasLiteral(string text) => library.ToArray().AsSpan().IndexOf(Encoding.Unicode.GetBytes(text)) >= 0;
    }

    /// <summary>The guide's words are the test's input: what stands there is built and run.</summary>
    [Fact]
    public async Task The_first_application_of_the_guide_is_built_without_a_warning_and_its_messages_are_on_the_dashboard()
    {
        var folder = packages.NewApplication("FirstShop");
        var guide = File.ReadAllText(Repository.PathOf("docs", "getting-started.md"));
        File.WriteAllText(Path.Combine(folder, "Program.cs"), Block(guide, "csharp"));
        File.WriteAllText(Path.Combine(folder, "appsettings.json"), Block(guide, "json"));
        var references = Command().Matches(guide).Select(match => match.Groups["package"].Value).Select(package => $"""<PackageReference Include="{package}" Version="{packages.VersionOf(package)}" />""").ToList();
        references.Count.ShouldBe(2);
        // As dotnet new web makes it.
        File.WriteAllText(Path.Combine(folder, "FirstShop.csproj"),
            $"""
            <Project Sdk="Microsoft.NET.Sdk.Web">
              <PropertyGroup><TargetFramework>net10.0</TargetFramework><Nullable>enable</Nullable><ImplicitUsings>enable</ImplicitUsings></PropertyGroup>
              <ItemGroup>{string.Concat(references)}</ItemGroup>
            </Project>
            """);
        await MadePackages.DotNetAsync(folder, "build", "-warnaserror", "--nologo");
        // Without it a message with deeply nested headers would end the process.
        JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "bin/Debug/net10.0/FirstShop.runtimeconfig.json")))!["runtimeOptions"]!["configProperties"]!["System.Threading.DefaultStackSize"]!
            .ToString().ShouldBe("0x2000000");

        await using var broker = await TestVirtualHost.CreateAsync();
        await using var database = await TestDatabase.CreateAsync();
        await using var shop = ChildProcess.StartDotNet(Path.Combine(folder, "bin/Debug/net10.0/FirstShop.dll"), ["--urls", "http://127.0.0.1:0", "--contentRoot", folder], new Dictionary<string, string?>
        {
            // By the launch settings that dotnet new web makes.
            ["ASPNETCORE_ENVIRONMENT"] = "Development",
            ["ConnectionStrings__Shop"] = database.ConnectionString,
            ["ReliableMq__Broker__Hosts"] = $"{broker.HostName}:{broker.Port}",
            ["ReliableMq__Broker__VirtualHost"] = broker.VirtualHost,
            ["ReliableMq__Broker__UserName"] = broker.UserName,
            ["ReliableMq__Broker__Password"] = broker.Password,
        });
        var address = new Uri((await shop.WaitForLineAsync(line => line.Contains("Now listening on: ", StringComparison.Ordinal), Patience)).Split("Now listening on: ")[1]);
        using var client = new HttpClient { BaseAddress = address };
        (await client.GetStringAsync(new Uri("reliable-mq/", UriKind.Relative))).ShouldContain("id=\"app\"");

        await OrderAsync(client, total: 42);
        await Eventually.TrueAsync(async () => (await ItemsAsync(client, "inbox?state=done")).Count == 1, "the order is handled", Patience);
        shop.Output.ShouldNotContain(line => line.StartsWith("fail:", StringComparison.Ordinal) || line.StartsWith("crit:", StringComparison.Ordinal), string.Join(Environment.NewLine, shop.Output));

        await OrderAsync(client, total: -1);
        await Eventually.TrueAsync(async () => (await ItemsAsync(client, "dead-letters")).Count == 1, "the other is a dead letter", Patience);
        ((string)(await ItemsAsync(client, "dead-letters"))[0]!["reason"]!).ShouldContain(" is -1.");
    }

    private static async Task OrderAsync(HttpClient client, int total) =>
        (await client.PostAsync(new Uri($"orders?total={total}", UriKind.Relative), null)).StatusCode.ShouldBe(HttpStatusCode.OK);

    private static async Task<JsonArray> ItemsAsync(HttpClient client, string address) =>
        JsonNode.Parse(await client.GetStringAsync(new Uri($"reliable-mq/api/v1/{address}", UriKind.Relative)))!["items"]!.AsArray();

    /// <summary>The first one of a language.</summary>
    private static string Block(string guide, string language) => Regex.Match(guide, $"```{language}\n(.*?)```", RegexOptions.Singleline, TimeSpan.FromSeconds(10)).Groups[1].Value;

    [GeneratedRegex(@"^dotnet add package (?<package>\S+)$", RegexOptions.Multiline)]
    private static partial Regex Command();
}

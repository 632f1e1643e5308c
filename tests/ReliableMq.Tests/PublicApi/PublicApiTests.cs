using System.Reflection;

namespace ReliableMq.Tests.PublicApi;

/// <summary>
/// What users can write against is decided, not slipped in. After a decision, run once with
/// UPDATE_SNAPSHOTS=1 and commit the text.
/// </summary>
public sealed class PublicApiTests
{
    [Fact]
    public void ReliableMq_offers_what_was_approved() => ShouldBeApproved(typeof(ReliableMqOptions).Assembly);

    [Fact]
    public void Abstractions_offer_what_was_approved() => ShouldBeApproved(typeof(MessageAttribute).Assembly);

    private static void ShouldBeApproved(Assembly assembly)
    {
        var file = Repository.PathOf("tests/ReliableMq.Tests/PublicApi", $"{assembly.GetName().Name}.approved.txt");
        var actual = PublicApiText.Of(assembly);
        if (Environment.GetEnvironmentVariable("UPDATE_SNAPSHOTS") == "1")
        {
            File.WriteAllText(file, actual);
        }

        var approved = File.Exists(file) ? File.ReadAllText(file).ReplaceLineEndings("\n") : "";
        actual.ShouldBe(approved, "The public API has changed. If that is meant, run once with UPDATE_SNAPSHOTS=1 and commit the text.");
    }
}

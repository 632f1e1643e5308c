using ReliableMq.Tests;
using ReliableMq.Tests.PublicApi;

namespace ReliableMq.Dashboard.Tests.PublicApi;

public sealed class PublicApiTests
{
    [Fact]
    public void The_dashboard_offers_what_was_approved()
    {
        var file = Repository.PathOf("tests/ReliableMq.Dashboard.Tests/PublicApi", "ReliableMq.Dashboard.approved.txt");
        var actual = PublicApiText.Of(typeof(ReliableMqDashboardOptions).Assembly);
        if (Environment.GetEnvironmentVariable("UPDATE_SNAPSHOTS") == "1")
        {
            File.WriteAllText(file, actual);
        }

        var approved = File.Exists(file) ? File.ReadAllText(file).ReplaceLineEndings("\n") : "";
        actual.ShouldBe(approved, "The public API has changed. If that is meant, run once with UPDATE_SNAPSHOTS=1 and commit the text.");
    }
}

using System.Text.Json;
using ReliableMq.Faults.Checking;
using ReliableMq.Faults.Workload;
using ReliableMq.TestSupport;
using Shouldly;
using Xunit;

namespace ReliableMq.Faults.Tests;

public sealed class DashboardCountsTests
{
    [Theory]
    [InlineData(2, false, 2, true)]
    [InlineData(2, false, 3, false)]
    [InlineData(2, false, 1, false)]
    [InlineData(10_000, true, 12_000, true)]
    [InlineData(10_000, true, 9_999, false)]
    [InlineData(0, true, 5, false)]
    public void Another_number_than_that_of_the_tables_is_found(long told, bool isAtLeast, long counted, bool isRight)
    {
        var findings = new List<Finding>();
        DashboardCounts.Compare(findings, "pending", JsonSerializer.SerializeToElement(new { value = told, isAtLeast }), counted);
        findings.Select(finding => finding.ToString()).ShouldBe(isRight ? [] : [$"Miscounted: the dashboard tells {told} pending, the tables {counted}"]);
    }

    [Fact]
    public async Task All_that_is_compared_is_told()
    {
        await using var sending = await TestDatabase.CreateAsync();
        await using var handling = await TestDatabase.CreateAsync();
        foreach (var database in new[] { sending, handling })
        {
            await database.ExecuteAsync(ReliableMqSchema.Script());
        }

        await handling.ExecuteAsync(
            "INSERT INTO reliable_mq.inbox (queue, message_id, fingerprint, epoch) SELECT $1, n::text, gen_random_uuid(), 0 FROM generate_series(1, 3) AS n", Subscribers.Ordered);
        await using var dashboard = await DashboardCounts.StartAsync(sending, handling);
        (await dashboard.LookAsync()).ShouldBeEmpty();
    }
}

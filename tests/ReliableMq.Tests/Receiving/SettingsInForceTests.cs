using ReliableMq.Failing;
using ReliableMq.Receiving;

namespace ReliableMq.Tests.Receiving;

public sealed class SettingsInForceTests
{
    private static readonly DateTimeOffset StartedAt = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    // Nothing was said, or it was taken back.
    [InlineData("", "8 200")]
    [InlineData("paused=null lasting +1", "8 200")]
    [InlineData("concurrency=3 lasting +1, concurrency=null lasting +2", "8 200")]
    // Changes while this process runs hold, lasting or not.
    [InlineData("paused=1 +1", "paused +1 8 200")]
    [InlineData("paused=1 lasting +1", "paused +1 8 200")]
    [InlineData("concurrency=3 +1", "3 200")]
    [InlineData("prefetch=5 +1", "8 5")]
    [InlineData("concurrency=3 +1, prefetch=5 lasting +2, paused=1 +3", "paused +3 3 5")]
    [InlineData("paused=1 +0", "paused +0 8 200")]
    // Of those made before it started only lasting ones do.
    [InlineData("paused=1 -1", "8 200")]
    [InlineData("paused=1 lasting -1", "paused -1 8 200")]
    [InlineData("concurrency=3 -1, prefetch=5 lasting -1", "8 5")]
    // The newest counts, of those that count at all.
    [InlineData("paused=1 lasting -1, paused=0 +1", "8 200")]
    [InlineData("paused=1 lasting -2, paused=0 -1", "paused -2 8 200")]
    [InlineData("paused=0 lasting +1, paused=1 +2", "paused +2 8 200")]
    [InlineData("paused=1 +1, paused=0 lasting +2", "8 200")]
    [InlineData("concurrency=3 lasting -1, concurrency=null +1", "8 200")]
    [InlineData("concurrency=3 lasting +2, concurrency=4 +1", "3 200")]
    // A row from elsewhere cannot stop or break a consumer.
    [InlineData("concurrency=0 +1, prefetch=-1 +1, paused=7 +1", "1 1")]
    [InlineData("concurrency=1001 +1, prefetch=2001 +1", "1000 2000")]
    public void Of_each_setting_the_newest_counts_that_lasts_or_was_made_while_this_process_runs(string changes, string expected) =>
        Describe(SettingsInForce.Of(Configured(), Read(changes), StartedAt)).ShouldBe(expected);

    [Fact]
    public void Changes_of_other_queues_do_not_count() =>
        Describe(SettingsInForce.Of(Configured() with { Queue = "shipping" }, Read("paused=1 lasting +1"), StartedAt)).ShouldBe("8 200");

    [Fact]
    public void One_at_a_time_stays_so() =>
        Describe(SettingsInForce.Of(Configured() with { Order = QueueOrder.OneAtATime, Concurrency = 1 }, Read("concurrency=3 lasting +1, prefetch=9 +1"), StartedAt)).ShouldBe("1 9");

    private static QueueSettings Configured() => new("billing", new RetryPolicy([]), 8, 200, TimeSpan.FromMinutes(5));

    private static List<SettingChange> Read(string changes) => [.. changes
        .Split(", ", StringSplitOptions.RemoveEmptyEntries)
        .Select(change => change.Split(' ', '='))
        .Select(parts => new SettingChange(
            "billing", Enum.Parse<ChangedSetting>(parts[0], ignoreCase: true), parts[1] == "null" ? null : int.Parse(parts[1]),
            parts.Contains("lasting"), StartedAt.AddMinutes(int.Parse(parts[^1]))))];

    private static string Describe(SettingsInForce settings) =>
        (settings.PausedSince is { } since ? $"paused {(since - StartedAt).TotalMinutes:+0;-0;+0} " : "") + $"{settings.Concurrency} {settings.Prefetch}";
}

using Microsoft.Extensions.Logging;
using Xunit;

namespace ReliableMq.TestSupport.Tests;

public class CapturingLoggerProviderTests
{
    private readonly List<string> _echo = [];

    [Fact]
    public void Keeps_every_part_of_an_entry()
    {
        using var logs = new CapturingLoggerProvider(_echo.Add);
        var cause = new InvalidOperationException("closed");

        logs.CreateLogger("Outbox").Log(LogLevel.Warning, new EventId(1007, "Returned"), cause, "Row {Row} returned", 5);

        var entry = logs.AtLeast(LogLevel.Warning).ShouldHaveSingleItem();
        (entry with { Scopes = [] }).ShouldBeEquivalentTo(new LogEntry(LogLevel.Warning, new EventId(1007), "Outbox", "Row 5 returned", cause));
        logs.AtLeast(LogLevel.Error).ShouldBeEmpty();
        _echo.ShouldHaveSingleItem().ShouldStartWith("Warning Outbox[1007] Row 5 returned");
    }

    [Fact]
    public void Keeps_the_scopes_that_an_entry_was_logged_in()
    {
        using var logs = new CapturingLoggerProvider();
        var scopes = new LoggerExternalScopeProvider();
        logs.SetScopeProvider(scopes);
        var logger = logs.CreateLogger("Outbox");
        using (scopes.Push("outer"))
        using (scopes.Push("inner"))
        {
            logger.LogWarning("inside");
        }

        logger.LogWarning("outside");

        logs.Entries.Select(entry => string.Join(' ', entry.Scopes)).ShouldBe(["outer inner", ""]);
    }

    [Fact]
    public async Task Waits_for_an_entry_to_come()
    {
        using var logs = new CapturingLoggerProvider();
        var logger = logs.CreateLogger("Broker");
        var waiting = logs.WaitForAsync(entry => entry.Message.Contains("blocked", StringComparison.Ordinal), "blocked");

        logger.LogInformation("connected");
        waiting.IsCompleted.ShouldBeFalse();
        logger.LogWarning("blocked: low on disk");

        (await waiting).Level.ShouldBe(LogLevel.Warning);
    }

    [Fact]
    public async Task An_entry_that_never_comes_is_named_beside_what_came()
    {
        using var logs = new CapturingLoggerProvider();
        logs.CreateLogger("Broker").LogInformation("connected");

        var error = await Assert.ThrowsAsync<ShouldAssertException>(() => logs.WaitForAsync(_ => false, "warning of an alarm", TimeSpan.FromMilliseconds(30)));

        error.Message.ShouldContain("warning of an alarm: not logged");
        error.Message.ShouldContain("Information Broker[0] connected");
    }

    [Fact]
    public void Words_after_the_end_of_a_test_do_no_harm()
    {
        using var logs = new CapturingLoggerProvider(_ => throw new InvalidOperationException("no active test"));

        logs.CreateLogger("Host").LogInformation("stopped");

        logs.Entries.Count.ShouldBe(1);
    }
}

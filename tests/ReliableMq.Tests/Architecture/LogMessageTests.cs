using System.Reflection;
using Microsoft.Extensions.Logging;
using ReliableMq.Diagnostics;

namespace ReliableMq.Tests.Architecture;

public sealed class LogMessageTests
{
    private static readonly IReadOnlyList<(MethodInfo Method, LoggerMessageAttribute Message)> Messages =
    [
        .. typeof(LogMessages).GetMethods(BindingFlags.Public | BindingFlags.Static | BindingFlags.DeclaredOnly)
            .Select(method => (method, method.GetCustomAttribute<LoggerMessageAttribute>()!)),
    ];

    [Fact]
    public void Every_log_message_has_an_id_a_level_and_a_text() =>
        Messages.ShouldAllBe(entry => entry.Message != null && entry.Message.EventId > 0 && entry.Message.Level != LogLevel.None && entry.Message.Message.Length > 0);

    [Fact]
    public void Ids_are_unique() =>
        Messages.GroupBy(entry => entry.Message.EventId).Where(id => id.Count() > 1).Select(id => id.Key).ShouldBeEmpty();

    [Fact]
    public void Ids_are_in_the_documented_ranges() =>
        // 1000 outbox … 9000 alerts; the first of each thousand names its range.
        Messages.ShouldAllBe(entry => entry.Message.EventId > 1_000 && entry.Message.EventId < 10_000 && entry.Message.EventId % 1_000 > 0);

    [Fact]
    public void Ids_grow_with_the_lines_so_that_the_next_free_one_is_seen() =>
        Messages.Select(entry => entry.Message.EventId).ShouldBeInOrder();

    [Fact]
    public void Texts_are_sentences() =>
        Messages.Where(entry => entry.Message.Message[^1] is not ('.' or '}')).Select(entry => entry.Message.Message).ShouldBeEmpty();

    [Fact]
    public void Nothing_is_logged_without_an_id() =>
        // As logger.LogWarning(…) would.
        Sources.Where(source => Enum.GetNames<LogLevel>().Any(level => source.Text.Contains($".Log{level}(", StringComparison.Ordinal)))
            .Select(source => source.File).ShouldBeEmpty();

    [Fact]
    public void Every_log_message_is_used() =>
        Messages.Select(entry => entry.Method.Name)
            .Where(name => !Sources.Any(source => source.Text.Contains($"LogMessages.{name}(", StringComparison.Ordinal)))
            .ShouldBeEmpty();

    [Fact]
    public void The_page_of_log_events_names_each_with_its_level_and_text()
    {
        // After a change, run once with UPDATE_SNAPSHOTS=1 and commit the page.
        var file = Repository.PathOf("docs", "log-events.md");
        var page = File.ReadAllText(file).ReplaceLineEndings("\n");
        var table = page.IndexOf("| id |", StringComparison.Ordinal);
        var actual = page[..table] + string.Concat(
            Messages.Select(entry => $"| {entry.Message.EventId} | {entry.Message.Level} | {entry.Message.Message.Replace("|", "\\|", StringComparison.Ordinal)} |\n")
                .Prepend("| id | level | text |\n|---|---|---|\n"));
        if (Environment.GetEnvironmentVariable("UPDATE_SNAPSHOTS") == "1")
        {
            File.WriteAllText(file, actual);
        }

        File.ReadAllText(file).ReplaceLineEndings("\n").ShouldBe(actual, "The log messages have changed. If that is meant, run once with UPDATE_SNAPSHOTS=1 and commit the page.");
    }

    private static IEnumerable<(string File, string Text)> Sources =>
        Repository.SourcesOf("src/ReliableMq").Select(file => (file, Repository.Read("src/ReliableMq", file)));
}

using System.Text;
using System.Text.RegularExpressions;
using ReliableMq.Diagnostics;
using Xunit;

namespace ReliableMq.Tests.Architecture;

/// <summary>Tests kill a build of their own at named points; nothing of that is in the library that is packed.</summary>
public sealed partial class CrashPointTests
{
    private static readonly List<string> Points =
        [.. Repository.SourcesOf("src/ReliableMq").SelectMany(file => CallOfAPoint().Matches(Repository.Read("src/ReliableMq", file))).Select(match => match.Groups[1].Value)];

    [Fact]
    public void Each_point_has_a_name_of_its_own_and_its_test_and_is_documented()
    {
        var tests = string.Concat(Repository.SourcesOf("tests/ReliableMq.CrashPoints").Select(file => Repository.Read("tests/ReliableMq.CrashPoints", file)));
        var guide = Repository.Read("docs", "faults.md");
        Points.Count.ShouldBe(16);
        Points.ShouldBeUnique();
        Points.ShouldAllBe(point => tests.Contains($"\"{point}\"", StringComparison.Ordinal));
        Points.ShouldAllBe(point => guide.Contains($"| {point} |", StringComparison.Ordinal));
    }

    [Fact]
    public void The_library_has_no_points_at_which_it_dies()
    {
        typeof(CrashPoint).GetMethod(nameof(CrashPoint.Here))!.GetMethodBody()!.GetILAsByteArray()!.ShouldAllBe(code => code == 0x00 || code == 0x2A, "it does nothing but return");

        // Literals are kept as UTF-16, at odd places, too.
        var library = File.ReadAllBytes(typeof(CrashPoint).Assembly.Location);
        var text = Encoding.Unicode.GetString(library) + Encoding.Unicode.GetString(library.AsSpan(1));
        text.Contains("FOR UPDATE SKIP LOCKED", StringComparison.Ordinal).ShouldBeTrue("else this reads wrongly");
        Points.Append("RELIABLEMQ_CRASH_AT").Where(word => text.Contains(word, StringComparison.Ordinal)).ShouldBeEmpty();
    }

    [GeneratedRegex("""CrashPoint\.Here\("([^"]+)"\)""")]
    private static partial Regex CallOfAPoint();
}

using System.Text;

namespace ReliableMq.SourceGenerator;

/// <summary>Makes a user's value fit for one line of a build log.</summary>
internal static class Printable
{
    /// <summary>Control characters, and the two of Unicode that end a line in C# too.</summary>
    public static bool IsHidden(char c) => char.IsControl(c) || c is '\u2028' or '\u2029';

    public static string Text(string value)
    {
        if (!value.Any(IsHidden))
        {
            return value;
        }

        var text = new StringBuilder();
        foreach (var c in value)
        {
            _ = IsHidden(c) ? text.Append($"\\u{(int)c:X4}") : text.Append(c);
        }

        return text.ToString();
    }
}

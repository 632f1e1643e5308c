namespace ReliableMq.SourceGenerator;

/// <summary>The rules of <c>MessageAttribute</c> for a message's name.</summary>
internal static class MessageName
{
    private const int MaxLength = 200;

    /// <summary>What is wrong with a name, to follow its value in a sentence; null where nothing is.</summary>
    public static string? Fault(string? name)
    {
        if (string.IsNullOrEmpty(name))
        {
            return "is empty";
        }

        foreach (var c in name!)
        {
            if (c is not ((>= 'a' and <= 'z') or (>= '0' and <= '9') or '-' or '_' or '.'))
            {
                return $"contains '{Printable.Text(c.ToString())}'";
            }
        }

        var parts = name.Split('.');
        return parts.Any(part => part.Length == 0) ? "has an empty part"
            : parts.Length < 2 ? "has one part only"
            : name.Length > MaxLength ? $"has {name.Length} characters"
            : null;
    }
}

namespace ReliableMq.Broker.Topology;

/// <summary>Messages with this routing key go from the exchange to the queue.</summary>
/// <param name="Exchange">The exchange.</param>
/// <param name="RoutingKey">The key; for a topic exchange a pattern.</param>
internal sealed record Binding(string Exchange, string RoutingKey)
{
    public static Binding Of(BindingAttribute said) => new(said.Exchange, said.Pattern);

    /// <summary>
    /// Reads <c>exchange: pattern</c>. The names of both may contain colons, so that the first one with a space behind
    /// it counts, if there is one.
    /// </summary>
    public static Binding? Parse(string? text)
    {
        var colon = text?.IndexOf(": ", StringComparison.Ordinal) is { } spaced and >= 0 ? spaced : text?.IndexOf(':', StringComparison.Ordinal) ?? -1;
        return colon < 0 ? null : new Binding(text![..colon].Trim(), text[(colon + 1)..].Trim());
    }

    /// <summary>What is wrong with it, to follow it in a sentence, and the remedy; null where nothing is.</summary>
    public string? Fault =>
        string.IsNullOrEmpty(Exchange) ? "names the default exchange, to which nothing can be bound. Name another exchange"
        : string.IsNullOrEmpty(RoutingKey) ? "has no pattern. Write \"#\" for all messages of the exchange"
        : !MessageNames.IsShortString(Exchange) || !MessageNames.IsShortString(RoutingKey) ? $"is too long. Use at most {MessageNames.MaxShortStringBytes} bytes of UTF-8 for the exchange and for the pattern"
        : null;

    /// <summary>
    /// Whether a topic exchange would bring it here: <c>*</c> is one word of the key, <c>#</c> any number of them, none
    /// included.
    /// </summary>
    public bool Matches(string exchange, string routingKey)
    {
        if (exchange != Exchange)
        {
            return false;
        }

        var pattern = RoutingKey.Split('.');
        var words = routingKey.Length == 0 ? [] : routingKey.Split('.');
        var (at, word) = (0, 0);
        var (lastHash, taken) = (-1, 0);
        while (word < words.Length)
        {
            if (at < pattern.Length && pattern[at] == "#")
            {
                (lastHash, taken) = (at++, word);
            }
            else if (at < pattern.Length && (pattern[at] == "*" || pattern[at] == words[word]))
            {
                at++;
                word++;
            }
            else if (lastHash >= 0)
            {
                // The last # takes one word more; earlier ones need not be tried again.
                (at, word) = (lastHash + 1, ++taken);
            }
            else
            {
                return false;
            }
        }

        return Array.TrueForAll(pattern[at..], rest => rest == "#");
    }

    public override string ToString() => $"{Exchange}: {RoutingKey}";
}

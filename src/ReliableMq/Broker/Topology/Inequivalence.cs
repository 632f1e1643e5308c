using System.Text.RegularExpressions;

namespace ReliableMq.Broker.Topology;

/// <summary>
/// Reads the broker's refusal to declare what exists with another property, such as <c>PRECONDITION_FAILED -
/// inequivalent arg 'x-overflow' for queue 'q' in vhost '/': received 'reject-publish' but current is 'drop-head'</c>.
/// It names the first differing property only.
/// </summary>
internal static partial class Inequivalence
{
    public static TopologyDifference Read(string what, string refusal, string remedy) =>
        Pattern().Match(refusal) is { Success: true } match
            ? Read(what, match.Groups["argument"].Value, Value(match.Groups["received"].Value), Value(match.Groups["current"].Value), remedy)
            : new(what, "what is declared for it", refusal, remedy);

    private static TopologyDifference Read(string what, string argument, string expected, string found, string remedy) =>
        new($"{what}, {argument}", expected, found, TopologyRules.RemedyFor(argument, expected, remedy));

    private static string Value(string text) => Quoted().Match(text) is { Success: true } match ? match.Groups["value"].Value : text.Trim();

    [GeneratedRegex(@"inequivalent arg '(?<argument>[^']+)' for .*: received (?<received>.*?) but current is (?<current>.*)$", RegexOptions.Singleline | RegexOptions.CultureInvariant)]
    private static partial Regex Pattern();

    [GeneratedRegex(@"^(?:the value )?'(?<value>.*?)'(?: of type '[^']*')?\s*$", RegexOptions.Singleline | RegexOptions.CultureInvariant)]
    private static partial Regex Quoted();
}

using System.Text;
using Microsoft.CodeAnalysis.CSharp;

namespace ReliableMq.SourceGenerator;

/// <summary>What the generated class and its method are called.</summary>
/// <param name="Assembly">The assembly whose handlers they add.</param>
/// <param name="Class">Holds the whole assembly name, so that the classes of two assemblies never meet.</param>
/// <param name="Method">What users call.</param>
/// <param name="Refused">A chosen method name that is none.</param>
internal sealed record RegistrationNames(string Assembly, string Class, string Method, string? Refused)
{
    private const string Suffix = "Handlers";

    /// <param name="assembly">The name of the assembly.</param>
    /// <param name="chosen">The project property <c>ReliableMqHandlersMethod</c>, empty where not set.</param>
    public static RegistrationNames For(string assembly, string? chosen)
    {
        var isName = SyntaxFacts.IsValidIdentifier(chosen) && SyntaxFacts.GetKeywordKind(chosen!) == SyntaxKind.None;
        return new(
            assembly,
            "ReliableMqHandlers_" + ClassPart(assembly),
            isName ? chosen! : MethodFor(assembly),
            isName || string.IsNullOrEmpty(chosen) ? null : chosen);
    }

    /// <summary><c>Shop.Billing</c>, <c>Shop.BillingHandlers</c> and <c>Shop.Billing.Handlers</c> become <c>AddBillingHandlers</c>.</summary>
    private static string MethodFor(string assembly) =>
        "Add" + Enumerable.Reverse(assembly.Split('.')).Select(Word).FirstOrDefault(word => word.Length > 0) + Suffix;

    private static string Word(string part)
    {
        var word = new StringBuilder();
        var upper = true;
        foreach (var c in part)
        {
            var fits = char.IsLetterOrDigit(c);
            if (fits)
            {
                word.Append(upper ? char.ToUpperInvariant(c) : c);
            }

            upper = !fits;
        }

        var text = word.ToString();
        return text.EndsWith(Suffix, StringComparison.OrdinalIgnoreCase)
            ? text.Substring(0, text.Length - Suffix.Length)
            : text;
    }

    private static string ClassPart(string assembly) =>
        string.Concat(assembly.Select(c => char.IsLetterOrDigit(c) ? c.ToString() : c == '.' ? "_" : $"_x{(int)c:X2}_"));
}

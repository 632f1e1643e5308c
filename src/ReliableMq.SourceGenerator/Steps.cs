namespace ReliableMq.SourceGenerator;

/// <summary>The names by which tests see whether a step ran again.</summary>
internal static class Steps
{
    public const string Readings = nameof(Readings);
    public const string MessageProblems = nameof(MessageProblems);
    public const string BindingProblems = nameof(BindingProblems);
    public const string RuleProblems = nameof(RuleProblems);
    public const string Clashes = nameof(Clashes);
    public const string Handlers = nameof(Handlers);
    public const string Names = nameof(Names);
}

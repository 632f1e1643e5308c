namespace ReliableMq.SourceGenerator;

/// <summary>What came of reading one annotated method.</summary>
/// <param name="Handler">The handler, or null where it is refused.</param>
/// <param name="At">The method's name in the source.</param>
/// <param name="Problems">What was found wrong.</param>
internal sealed record HandlerReading(Handler? Handler, SourceSpan? At, EquatableArray<Problem> Problems);

/// <summary>A handler with its place, for problems that only show when all handlers are seen together.</summary>
internal sealed record LocatedHandler(Handler Handler, SourceSpan? At);

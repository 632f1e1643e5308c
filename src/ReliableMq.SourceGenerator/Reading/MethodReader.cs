using Microsoft.CodeAnalysis;

namespace ReliableMq.SourceGenerator;

/// <summary>Whether generated code can reach the method and wait for its end.</summary>
internal static class MethodReader
{
    public static void Check(IMethodSymbol method, string name, Compilation compilation, Problems problems)
    {
        var type = method.ContainingType;
        var at = method.Locations[0];

        if (method.DeclaredAccessibility != Accessibility.Public)
        {
            problems.Refuse(Rule.MethodNotPublic, at, name);
        }

        if (!type.IsVisibleIn(compilation))
        {
            problems.Refuse(Rule.ClassNotAccessible, at, name, type.Shown());
        }

        if (type.TypeKind != TypeKind.Class)
        {
            problems.Refuse(Rule.NotInAClass, at, name, type.Shown());
        }
        else if (type.IsAbstract && !method.IsStatic)
        {
            problems.Refuse(Rule.ClassIsAbstract, at, name, type.Shown());
        }
        else if (!type.IsStatic && !method.IsStatic && type.InstanceConstructors.All(constructor => constructor.DeclaredAccessibility != Accessibility.Public))
        {
            problems.Refuse(Rule.NoConstructor, at, name, type.Shown());
        }

        if (type.IsGeneric())
        {
            problems.Refuse(Rule.ClassIsGeneric, at, name, type.Shown());
        }

        if (method.IsGenericMethod)
        {
            problems.Refuse(Rule.MethodIsGeneric, at, name);
        }
    }

    public static ReturnKind Returns(IMethodSymbol method, string name, Problems problems)
    {
        var at = method.Locations[0];
        if (method.ReturnsVoid && (method.PartialImplementationPart ?? method).IsAsync)
        {
            problems.Refuse(Rule.AsyncVoid, at, name);
        }
        else if (method.ReturnsVoid)
        {
            return ReturnKind.Nothing;
        }
        else if (method.RefKind == RefKind.None && method.ReturnType.Is("System.Threading.Tasks.Task"))
        {
            return ReturnKind.Task;
        }
        else if (method.RefKind == RefKind.None && method.ReturnType.Is("System.Threading.Tasks.ValueTask"))
        {
            return ReturnKind.ValueTask;
        }
        else if (!method.ReturnType.IsKnown())
        {
            problems.Refuse(Rule.Unknown, at, $"return type '{method.ReturnType.Shown()}'", name);
        }
        else
        {
            problems.Refuse(Rule.WrongReturnType, at, name, method.ReturnType.Shown());
        }

        return ReturnKind.Nothing;
    }
}

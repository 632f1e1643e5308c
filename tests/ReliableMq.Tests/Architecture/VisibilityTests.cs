using System.Reflection;
using System.Runtime.CompilerServices;

namespace ReliableMq.Tests.Architecture;

public sealed class VisibilityTests
{
    private static readonly string[] PublicNamespaces = ["ReliableMq", "Microsoft.Extensions.DependencyInjection", "Microsoft.EntityFrameworkCore"];

    [Fact]
    public void Users_find_everything_in_the_namespaces_that_they_already_import() =>
        Types.Library.GetExportedTypes().Concat(Types.Abstractions.GetExportedTypes())
            .Where(type => !PublicNamespaces.Contains(type.Namespace))
            .ShouldBeEmpty();

    [Fact]
    public void The_rooms_have_no_public_types() =>
        Types.Of(Types.Library).Where(type => type.IsVisible && type.Namespace!.StartsWith("ReliableMq.", StringComparison.Ordinal)).ShouldBeEmpty();

    [Fact]
    public void Everything_is_sealed_but_what_has_descendants()
    {
        var all = Types.Of(Types.Library);

        all.Where(type => type is { IsClass: true, IsSealed: false } && !all.Any(other => other.BaseType == type)).ShouldBeEmpty();
    }

    [Fact]
    public void What_has_descendants_inside_is_abstract()
    {
        var all = Types.Of(Types.Library);

        all.Where(type => type is { IsClass: true, IsVisible: false, IsSealed: false, IsAbstract: false }).ShouldBeEmpty();
    }

    [Fact]
    public void No_field_is_visible_to_users() =>
        Types.Of(Types.Library).Where(type => type is { IsVisible: true, IsEnum: false })
            .SelectMany(type => type.GetFields(BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly))
            .Where(field => !field.IsLiteral)
            .ShouldBeEmpty();

    [Fact]
    public void No_static_field_can_be_set_again() =>
        // Two hosts live in one process; what one sets, the other would see.
        Types.Of(Types.Library)
            .SelectMany(type => type.GetFields(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.DeclaredOnly))
            .Where(field => !field.IsInitOnly && !field.IsLiteral && !field.IsDefined(typeof(CompilerGeneratedAttribute)))
            .ShouldBeEmpty();
}

namespace ReliableMq.Tests.Architecture;

public sealed class DependencyTests
{
    [Fact]
    public void Contracts_need_nothing_but_the_framework() =>
        Types.Abstractions.GetReferencedAssemblies().Select(reference => reference.Name).ShouldBe(["System.Runtime"]);
}

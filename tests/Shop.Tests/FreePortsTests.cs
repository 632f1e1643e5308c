using Shop.Runner.Running;
using Xunit;

namespace Shop.Tests;

/// <summary>The ports that a runner gives to its services.</summary>
public sealed class FreePortsTests
{
    [Fact]
    public void Nobody_is_given_a_port_that_another_was_given_and_does_not_listen_on_yet()
    {
        var first = FreePorts.Find().Take(3).ToList();

        FreePorts.Find().Take(3).ShouldNotContain(port => first.Contains(port));
    }
}

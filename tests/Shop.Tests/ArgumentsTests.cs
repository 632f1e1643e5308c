using Shop.Runner;
using Xunit;

namespace Shop.Tests;

/// <summary>The command line of Shop.Runner.</summary>
public sealed class ArgumentsTests
{
    [Fact]
    public void Without_arguments_it_runs_all_orders_and_stays_up() =>
        Arguments.Parse([]).ShouldBe(new Arguments(Command.Run, Orders: null, Exit: false, Fresh: false, Name: "shop"));

    [Fact]
    public void Options_may_be_combined() =>
        Arguments.Parse(["--orders", "500", "--exit", "--fresh", "--name", "my_2nd"])
            .ShouldBe(new Arguments(Command.Run, 500, Exit: true, Fresh: true, "my_2nd"));

    [Fact]
    public void Help_and_generate_are_commands()
    {
        Arguments.Parse(["--exit", "--help"]).Command.ShouldBe(Command.Help);
        Arguments.Parse(["generate"]).Command.ShouldBe(Command.Generate);
    }

    [Theory]
    [InlineData("'--order' is not understood here.", "--order", "5")]
    [InlineData("'generate' is not understood here.", "--exit", "generate")]
    [InlineData("--orders needs a number from 1 to 10000, not ''.", "--orders")]
    [InlineData("--orders needs a number from 1 to 10000, not '0'.", "--orders", "0")]
    [InlineData("--orders needs a number from 1 to 10000, not '10001'.", "--orders", "10001")]
    [InlineData("--orders needs a number from 1 to 10000, not 'many'.", "--orders", "many")]
    [InlineData("--name needs at most 40 lower-case letters, digits and '_', beginning with a letter, not 'x; drop'.", "--name", "x; drop")]
    [InlineData("--name needs at most 40 lower-case letters, digits and '_', beginning with a letter, not ''.", "--name")]
    public void What_is_not_understood_is_named(string error, params string[] args) =>
        Should.Throw<ArgumentException>(() => Arguments.Parse(args)).Message.ShouldBe(error);
}

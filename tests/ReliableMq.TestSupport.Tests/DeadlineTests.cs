using Xunit;

namespace ReliableMq.TestSupport.Tests;

public sealed class DeadlineTests
{
    [Theory]
    [InlineData(null, 1)]
    [InlineData("", 1)]
    [InlineData("1", 1)]
    [InlineData("2.5", 2.5)]
    [InlineData("100", 100)]
    public void Patience_is_a_number_of_times(string? text, double times) => Deadline.PatienceOf(text).ShouldBe(times);

    [Theory]
    [InlineData("0")]
    [InlineData("101")]
    [InlineData("1e2")]
    [InlineData("long")]
    public void What_is_no_patience_is_refused_with_the_remedy(string text) =>
        Should.Throw<FormatException>(() => Deadline.PatienceOf(text)).Message.ShouldBe($"RELIABLEMQ_PATIENCE='{text}' is no patience. Use a number from 1 to 100, such as 4.");
}

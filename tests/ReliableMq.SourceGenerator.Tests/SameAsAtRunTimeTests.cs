namespace ReliableMq.SourceGenerator.Tests;

/// <summary>
/// What passes at build time must not fail the host at its start. The build alone refuses <c>.5s</c>, <c>1.s</c>
/// and a blank text that is not empty.
/// </summary>
public sealed class SameAsAtRunTimeTests
{
    [Theory]
    [InlineData("")]
    [InlineData("1")]
    [InlineData("s")]
    [InlineData("1s")]
    [InlineData("1.5s")]
    [InlineData("0.001s")]
    [InlineData("007m")]
    [InlineData(" 1s ,  10s ")]
    [InlineData("1s,")]
    [InlineData(",1s")]
    [InlineData("1 s")]
    [InlineData("1S")]
    [InlineData("1d")]
    [InlineData("-1s")]
    [InlineData("+1s")]
    [InlineData("1e3s")]
    [InlineData("1.2.3s")]
    [InlineData("0s")]
    [InlineData("0.9ms")]
    [InlineData("1ms")]
    [InlineData("8760h")]
    [InlineData("8761h")]
    [InlineData("99999999999999999999999999999999999h")]
    public void Durations_mean_the_same(string text) =>
        (Durations.RetryFault(text) is null).ShouldBe(Duration.TryParseList(text, out _));

    [Theory]
    [InlineData("")]
    [InlineData("orders")]
    [InlineData("orders.v1")]
    [InlineData("orders.order-placed.v1")]
    [InlineData("orders.order_placed")]
    [InlineData("orders.")]
    [InlineData(".orders")]
    [InlineData("orders..v1")]
    [InlineData("Orders.v1")]
    [InlineData("orders.v 1")]
    [InlineData("orders.ü")]
    [InlineData("orders.*")]
    [InlineData("-._")]
    public void Message_names_mean_the_same(string name) =>
        (MessageName.Fault(name) is null).ShouldBe(MessageNames.IsValid(name));

    [Theory]
    [InlineData(200)]
    [InlineData(201)]
    public void Message_names_may_be_as_long(int length) =>
        Message_names_mean_the_same("a." + new string('b', length - 2));
}

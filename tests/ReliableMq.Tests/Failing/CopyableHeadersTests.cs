using ReliableMq.Failing;

namespace ReliableMq.Tests.Failing;

public sealed class CopyableHeadersTests
{
    [Theory]
    [InlineData("own", true)]
    [InlineData("", true)]
    [InlineData("traceparent", true)]
    [InlineData("x-own", true)]
    [InlineData("x-delay", true)]
    [InlineData("x-first-deathbed", true)]
    [InlineData("X-Death", true)]
    [InlineData("x-reliable-mq-epoch", true)]
    [InlineData("x-reliable-mq-sent-at", true)]
    [InlineData("x-reliable-mq-causation-id", true)]
    [InlineData("x-reliable-mq-publish", false)]
    [InlineData("CC", false)]
    [InlineData("BCC", false)]
    [InlineData("cc", true)]
    [InlineData("x-death", false)]
    [InlineData("x-death-anything", false)]
    [InlineData("x-first-death-exchange", false)]
    [InlineData("x-first-death-queue", false)]
    [InlineData("x-first-death-reason", false)]
    [InlineData("x-last-death-exchange", false)]
    [InlineData("x-last-death-queue", false)]
    [InlineData("x-last-death-reason", false)]
    [InlineData("x-delivery-count", false)]
    [InlineData("x-acquired-count", false)]
    public void A_copy_keeps_what_the_sender_said_and_not_what_the_broker_counted(string name, bool kept) =>
        CopyableHeaders.Of(new Dictionary<string, object?> { [name] = 1L }).ContainsKey(name).ShouldBe(kept);

    [Fact]
    public void Values_are_kept_and_the_original_is_left_alone()
    {
        var headers = new Dictionary<string, object?> { ["a"] = 1L, ["A"] = null, ["x-death"] = "b" };

        var copy = CopyableHeaders.Of(headers);
        copy["own"] = "c";

        copy.ShouldBe(new Dictionary<string, object?> { ["a"] = 1L, ["A"] = null, ["own"] = "c" }, ignoreOrder: true);
        headers.Count.ShouldBe(3);
    }
}

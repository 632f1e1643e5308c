using ReliableMq.Broker;
using ReliableMq.Broker.Topology;
using ReliableMq.Dispatching;

namespace ReliableMq.Tests.Dispatching;

public sealed class RowPublisherTests
{
    [Fact]
    public async Task A_row_that_can_be_published_comes_with_its_properties()
    {
        var (prepared, _) = await PrepareAsync("""{"own":"value"}""");

        prepared.ShouldNotBeNull().Properties.Headers!["own"].ShouldBe("value");
        prepared.Properties.AppId.ShouldBe("orders");
    }

    [Theory]
    [InlineData("no JSON")]
    [InlineData("[]")]
    [InlineData("{\"own\":1.5}")]
    [InlineData("{\"own\":{\"$bytes\":\"no base64!\"}}")]
    [InlineData("{\"own\":{\"$int\":\"99999999999\"}}")]
    [InlineData("{\"own\":{\"$int\":\"many\"}}")]
    [InlineData("{\"own\":{\"$table\":\"none\"}}")]
    public async Task Stored_headers_that_somebody_has_spoiled_refuse_their_own_row_only(string headers)
    {
        var (prepared, refusal) = await PrepareAsync(headers);

        prepared.ShouldBeNull();
        refusal.Result.ShouldBe(PublishResult.Refused);
        refusal.Reason.ShouldNotBeNull().ShouldStartWith("The stored headers cannot be read: ");
    }

    [Fact]
    public async Task Headers_that_would_cost_the_connection_are_refused()
    {
        var headers = $$"""{"own":"{{new string('x', 96 * 1024)}}"}""";

        var (prepared, refusal) = await PrepareAsync(headers);

        prepared.ShouldBeNull();
        refusal.Result.ShouldBe(PublishResult.Refused);
        refusal.Reason.ShouldNotBeNull().ShouldMatch("^The headers take 98[0-9]{3} bytes; the broker closes the connection over so many\\.$");
    }

    [Theory]
    [InlineData("ж", 30_000)]
    [InlineData("界", 20_000)]
    [InlineData("\"", 60_000)]
    [InlineData("\u0001", 60_000)]
    public async Task Headers_are_measured_as_they_are_sent(string character, int count)
    {
        var stored = HeaderJson.Write([new("own", string.Concat(Enumerable.Repeat(character, count)))])!;
        stored.Length.ShouldBeGreaterThan(HeaderSize.Max, "as JSON they would be too large");

        (await PrepareAsync(stored)).Prepared.ShouldNotBeNull();
    }

    private static async Task<(PreparedRow? Prepared, PublishOutcome Refusal)> PrepareAsync(string headers)
    {
        // The default exchange needs no declaration, and so no connection; a small body needs no database.
        var publisher = new RowPublisher(new TopologyDeclarer(new ReliableMqOptions()), null!, new ReliableMqOptions { Service = "orders" });
        return await publisher.PrepareAsync(null!, new HeldRow(Some.Row(exchange: "", headers: headers), long.MaxValue), CancellationToken.None);
    }
}

using Xunit;

namespace ReliableMq.TestSupport.Tests;

public class EventuallyTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromMilliseconds(80);

    [Fact]
    public async Task Looks_again_until_it_is_so()
    {
        var looks = 0;

        await Eventually.TrueAsync(() => ++looks == 4, "fourth look");
        await Eventually.EqualAsync(8, () => Task.FromResult(++looks), "looks");

        looks.ShouldBe(8);
    }

    [Fact]
    public async Task A_failure_names_what_was_awaited()
    {
        var error = await Assert.ThrowsAsync<ShouldAssertException>(() => Eventually.TrueAsync(() => false, "row sent", Soon));

        error.Message.ShouldBe("row sent: not within 80 ms");
    }

    [Fact]
    public async Task A_failure_tells_the_value_seen_last()
    {
        var error = await Assert.ThrowsAsync<ShouldAssertException>(() => Eventually.EqualAsync("sent", () => "pending", "state of the row", Soon));

        error.Message.ShouldBe("state of the row: expected \"sent\", last seen \"pending\" after 80 ms");
    }

    [Fact]
    public async Task An_exception_counts_as_not_yet_and_is_told()
    {
        var looks = 0;
        await Eventually.TrueAsync(bool () => ++looks > 2 ? true : throw new TimeoutException("no answer"), "answer");

        var error = await Assert.ThrowsAsync<ShouldAssertException>(() => Eventually.EqualAsync(1, int () => throw new InvalidOperationException("no such table"), "rows", Soon));
        error.Message.ShouldBe(
            "rows: expected 1, last seen InvalidOperationException: no such table after 80 ms");
        error.InnerException.ShouldBeOfType<InvalidOperationException>();
    }

    [Fact]
    public async Task A_look_that_hangs_does_not_hang_the_test()
    {
        var never = new TaskCompletionSource<bool>();

        var error = await Assert.ThrowsAsync<ShouldAssertException>(() => Eventually.TrueAsync(() => never.Task, "answer", Soon));

        error.Message.ShouldStartWith("answer: not within 80 ms");
    }

    [Fact]
    public async Task Sequences_are_compared_item_by_item()
    {
        await Eventually.EqualAsync([1, 2], () => new List<int> { 1, 2 }, "ids");

        var error = await Assert.ThrowsAsync<ShouldAssertException>(() => Eventually.EqualAsync<int[]>([1, 2], () => [2, 1], "ids", Soon));
        error.Message.ShouldBe("ids: expected [1, 2], last seen [2, 1] after 80 ms");
    }

    [Fact]
    public async Task What_is_found_is_returned()
    {
        var looks = 0;
        (await Eventually.FoundAsync(() => Task.FromResult(++looks < 3 ? null : "row"), "the row")).ShouldBe("row");

        var error = await Assert.ThrowsAsync<ShouldAssertException>(() => Eventually.FoundAsync(() => Task.FromResult<string?>(null), "the row", Soon));
        error.Message.ShouldBe("the row: not found within 80 ms");
    }

    [Fact]
    public async Task What_stays_so_for_the_whole_window_passes()
    {
        var looks = 0;

        await Consistently.ForAsync(Soon, () => ++looks > 0, "still there");
        await Consistently.EqualAsync(Soon, 7, () => 7, "count");

        looks.ShouldBeGreaterThan(2);
    }

    [Fact]
    public async Task What_changes_within_the_window_fails_at_once()
    {
        var looks = 0;
        var window = TimeSpan.FromSeconds(20);

        var error = await Assert.ThrowsAsync<ShouldAssertException>(() => Consistently.ForAsync(window, () => ++looks < 3, "nothing published"));
        error.Message.ShouldStartWith("nothing published: no longer so after ");
        looks.ShouldBe(3);

        error = await Assert.ThrowsAsync<ShouldAssertException>(() => Consistently.EqualAsync(window, 3, () => ++looks - 1, "deliveries"));
        error.Message.ShouldStartWith("deliveries: expected to stay 3, was 4 after ");
    }

    [Fact]
    public async Task An_exception_breaks_a_window()
    {
        var error = await Assert.ThrowsAsync<ShouldAssertException>(() => Consistently.ForAsync(
            TimeSpan.FromSeconds(20), bool () => throw new InvalidOperationException("closed"), "still open"));

        error.Message.ShouldContain("last seen InvalidOperationException: closed");
    }
}

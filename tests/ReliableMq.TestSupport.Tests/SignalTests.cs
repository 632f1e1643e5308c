using Xunit;

namespace ReliableMq.TestSupport.Tests;

public class SignalTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromMilliseconds(50);

    [Fact]
    public async Task A_signal_is_seen_before_and_after_it_is_set()
    {
        var signal = new Signal("handler started");
        var early = signal.WaitAsync();
        signal.IsSet.ShouldBeFalse();

        signal.Set();
        signal.Set();

        await early;
        await signal.WaitAsync();
        signal.IsSet.ShouldBeTrue();
    }

    [Fact]
    public async Task A_signal_that_never_comes_is_named()
    {
        var error = await Assert.ThrowsAsync<ShouldAssertException>(() => new Signal("handler started").WaitAsync(Soon));

        error.Message.ShouldBe("handler started: not within 50 ms");
    }

    [Fact]
    public async Task A_countdown_ends_with_its_last_signal_and_counts_on()
    {
        var handled = new CountdownSignal(3, "messages handled");
        handled.Set();
        handled.Set();
        var error = await Assert.ThrowsAsync<ShouldAssertException>(() => handled.WaitAsync(Soon));
        error.Message.ShouldBe("messages handled: 2 of 3 (waited 50 ms)");

        handled.Set();
        await handled.WaitAsync();
        handled.Set();
        handled.Seen.ShouldBe(4);
    }

    [Fact]
    public async Task A_gate_holds_its_callers_until_it_opens()
    {
        var gate = new Gate("before commit");
        var first = gate.PassAsync();
        var error = await Assert.ThrowsAsync<ShouldAssertException>(() => gate.WaitForCallersAsync(2, Soon));
        error.Message.ShouldBe("before commit: 1 of 2 wait there (waited 50 ms)");

        var second = gate.PassAsync();
        await gate.WaitForCallersAsync(2);
        first.IsCompleted.ShouldBeFalse();

        gate.Open();
        await Task.WhenAll(first, second, gate.PassAsync());
        gate.Waiting.ShouldBe(0);
    }

    [Fact]
    public async Task A_caller_may_give_up_at_a_gate()
    {
        using var cancelled = new CancellationTokenSource();
        var gate = new Gate("before commit");
        var caller = gate.PassAsync(cancelled.Token);

        cancelled.Cancel();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => caller);
        gate.Waiting.ShouldBe(0);
    }
}

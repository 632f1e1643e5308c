using ReliableMq.Receiving;
using ReliableMq.TestSupport;

namespace ReliableMq.Tests.Receiving;

public sealed class SlotGateTests
{
    private readonly ManualTimeProvider _time = new();

    [Fact]
    public async Task As_many_enter_as_there_are_slots_and_the_next_when_one_leaves()
    {
        var gate = new SlotGate(2);
        await EnteredAsync(gate);
        await EnteredAsync(gate);
        var third = EnterAsync(gate);
        third.IsCompleted.ShouldBeFalse();

        gate.Leave();

        (await third).ShouldBeTrue();
        gate.Taken.ShouldBe(2);
    }

    [Fact]
    public async Task A_larger_size_lets_waiting_ones_in_at_once()
    {
        var gate = new SlotGate(1);
        await EnteredAsync(gate);
        Task<bool>[] waiting = [EnterAsync(gate), EnterAsync(gate)];

        gate.Resize(3);

        (await Task.WhenAll(waiting)).ShouldBe([true, true]);
    }

    [Fact]
    public async Task A_smaller_size_lets_nobody_in_until_enough_have_left()
    {
        var gate = new SlotGate(3);
        await EnteredAsync(gate);
        await EnteredAsync(gate);
        await EnteredAsync(gate);
        gate.Resize(1);
        var next = EnterAsync(gate);

        gate.Leave();
        gate.Leave();
        next.IsCompleted.ShouldBeFalse();
        gate.Taken.ShouldBe(1);
        gate.Leave();

        (await next).ShouldBeTrue();
        gate.Taken.ShouldBe(1);
    }

    [Fact]
    public async Task Who_waits_too_long_is_turned_away_and_takes_no_slot()
    {
        var gate = new SlotGate(1);
        await EnteredAsync(gate);
        var waiting = EnterAsync(gate);

        _time.Advance(TimeSpan.FromSeconds(10));

        (await waiting).ShouldBeFalse();
        gate.Leave();
        gate.Taken.ShouldBe(0);
        (await gate.EnterAsync(TimeSpan.FromSeconds(-1), _time, CancellationToken.None)).ShouldBeTrue("a free slot is taken however late it is");
    }

    [Fact]
    public async Task Who_is_cancelled_takes_no_slot_even_if_one_is_free()
    {
        var gate = new SlotGate(1);
        using var cancelled = new CancellationTokenSource();
        await EnteredAsync(gate);
        var waiting = gate.EnterAsync(TimeSpan.FromSeconds(10), _time, cancelled.Token).AsTask();
        await cancelled.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(waiting);

        gate.Leave();
        await Should.ThrowAsync<OperationCanceledException>(async () => await gate.EnterAsync(TimeSpan.FromSeconds(10), _time, cancelled.Token));

        gate.Taken.ShouldBe(0);
    }

    private Task<bool> EnterAsync(SlotGate gate) => gate.EnterAsync(TimeSpan.FromSeconds(10), _time, CancellationToken.None).AsTask();

    private async Task EnteredAsync(SlotGate gate) => (await EnterAsync(gate)).ShouldBeTrue();
}

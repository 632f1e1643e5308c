using ReliableMq.Failing;
using ReliableMq.Handling;
using ReliableMq.Receiving;
using ReliableMq.TestSupport;

namespace ReliableMq.Tests.Handling;

public sealed class BatchCollectorTests
{
    private readonly ManualTimeProvider _time = new();
    private readonly List<int> _sizes = [];

    [Fact]
    public async Task A_full_batch_runs_at_once()
    {
        var batches = Collector(size: 3);

        (await Task.WhenAll(Add(batches), Add(batches), Add(batches))).ShouldBe([true, true, true]);

        _sizes.ShouldBe([3]);
    }

    [Fact]
    public async Task One_that_does_not_fill_runs_when_its_first_message_has_waited()
    {
        var batches = Collector(size: 3);
        var first = Add(batches);
        _time.Advance(TimeSpan.FromMilliseconds(60));
        var second = Add(batches);
        first.IsCompleted.ShouldBeFalse();

        _time.Advance(TimeSpan.FromMilliseconds(40));

        (await Task.WhenAll(first, second)).ShouldBe([true, true]);
        _sizes.ShouldBe([2]);
    }

    [Fact]
    public async Task No_more_run_at_once_than_the_queue_says()
    {
        var gate = new TaskCompletionSource();
        var running = 0;
        var most = 0;
        var batches = new BatchCollector(Settings(1), async (messages, _) =>
        {
            most = Math.Max(most, Interlocked.Increment(ref running));
            await gate.Task;
            Interlocked.Decrement(ref running);
            return messages.ToHashSet();
        }, _time);

        var adding = Enumerable.Range(0, 9).Select(_ => Add(batches)).ToList();
        gate.SetResult();
        await Task.WhenAll(adding);

        most.ShouldBeLessThanOrEqualTo(2);
    }

    [Fact]
    public async Task A_stop_ends_the_waiting_with_nothing_done()
    {
        var batches = Collector(size: 3);
        using var givingUp = new CancellationTokenSource();
        var waiting = batches.AddAsync(Message(), givingUp.Token);

        await givingUp.CancelAsync();

        (await waiting).ShouldBeFalse();
        (await batches.AloneAsync(() => Task.FromResult(Settlement.Ack), givingUp.Token)).ShouldBe(Settlement.Requeue);
        _sizes.ShouldBeEmpty();
    }

    private BatchCollector Collector(int size) => new(Settings(size), (messages, _) =>
    {
        _sizes.Add(messages.Count);
        return Task.FromResult<IReadOnlySet<ReadMessage>>(messages.ToHashSet());
    }, _time);

    private static QueueSettings Settings(int size) => new("billing", new RetryPolicy([]), 2, 10, TimeSpan.FromSeconds(1))
    {
        BatchSize = size,
        Linger = TimeSpan.FromMilliseconds(100),
    };

    private static Task<bool> Add(BatchCollector batches) => batches.AddAsync(Message(), CancellationToken.None);

    private static ReadMessage Message() => new(Some.Delivery(), Some.BatchHandler(), new object());
}

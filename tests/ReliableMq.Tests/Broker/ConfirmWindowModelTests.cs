using ReliableMq.Broker;

namespace ReliableMq.Tests.Broker;

/// <summary>Random histories, each step compared with a plain dictionary that does the same.</summary>
public sealed class ConfirmWindowModelTests(ITestOutputHelper output)
{
    private const int Capacity = 8;

    private readonly ConfirmWindow<int> _window = new(Capacity);
    private readonly SortedDictionary<ulong, Waiting> _model = [];
    private ulong _next = 1;

    [Theory]
    [MemberData(nameof(Seeds.Few), MemberType = typeof(Seeds))]
    public void Does_what_a_dictionary_would_do(int seed)
    {
        output.WriteLine($"Seed {seed}.");
        var random = new Random(seed);
        for (var step = 0; step < 5_000; step++)
        {
            switch (random.Next(100))
            {
                case < 50:
                    Add(item: step, sentAt: step);
                    break;
                case < 60:
                    Return(SomeTag(random), $"return {step}");
                    break;
                case < 99:
                    Complete(random.Next(20) == 0 ? 0 : SomeTag(random), multiple: random.Next(3) == 0, acked: random.Next(4) > 0);
                    break;
                default:
                    Fail(olderThan: step - 10);
                    break;
            }

            _window.Outstanding.ShouldBe(_model.Count);
            _window.OldestSentAt.ShouldBe(_model.Count == 0 ? null : _model.First().Value.SentAt);
        }
    }

    // Mostly what waits, now and then what was answered long ago or never sent.
    private ulong SomeTag(Random random) => _next - Math.Min((ulong)random.Next(Capacity + 3), _next) + (ulong)random.Next(2);

    private void Add(int item, long sentAt)
    {
        _window.Add(item, sentAt).ShouldBe(_next);
        _model.Add(_next++, new Waiting(item, sentAt, null));
    }

    private void Return(ulong tag, string reason)
    {
        _window.Return(tag, reason);
        if (_model.TryGetValue(tag, out var waiting))
        {
            _model[tag] = waiting with { Returned = reason };
        }
    }

    private void Complete(ulong tag, bool multiple, bool acked)
    {
        var completed = new List<(int Item, PublishOutcome Outcome)>();
        _window.Complete(tag, multiple, acked, completed);
        completed.ShouldBe(Take(
            other => multiple ? tag == 0 || other <= tag : other == tag,
            _ => acked ? PublishOutcome.Confirmed : new(PublishResult.Nacked, "The broker refused the message (basic.nack).")));
    }

    private void Fail(long olderThan)
    {
        PublishOutcome OutcomeOf(long sentAt) => new(sentAt < olderThan ? PublishResult.TimedOut : PublishResult.Lost, "failed");
        var completed = new List<(int Item, PublishOutcome Outcome)>();
        _window.Fail((_, sentAt) => OutcomeOf(sentAt), completed);
        completed.ShouldBe(Take(_ => true, waiting => OutcomeOf(waiting.SentAt)));
    }

    private List<(int Item, PublishOutcome Outcome)> Take(Func<ulong, bool> match, Func<Waiting, PublishOutcome> outcomeOf)
    {
        var taken = _model.Where(waiting => match(waiting.Key)).ToList();
        taken.ForEach(waiting => _model.Remove(waiting.Key));
        return taken.ConvertAll(waiting => (
            waiting.Value.Item,
            waiting.Value.Returned is { } reason ? new PublishOutcome(PublishResult.Returned, reason) : outcomeOf(waiting.Value)));
    }

    private sealed record Waiting(int Item, long SentAt, string? Returned);
}

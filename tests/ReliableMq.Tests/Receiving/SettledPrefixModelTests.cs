using ReliableMq.Receiving;

namespace ReliableMq.Tests.Receiving;

/// <summary>
/// Random histories of one channel, with deliveries that run, are held for long, acked and nacked, against a
/// broker that takes every frame at its word.
/// </summary>
public sealed class SettledPrefixModelTests(ITestOutputHelper output)
{
    private readonly SettledPrefix _prefix = new();
    private readonly SortedSet<ulong> _outstanding = [];
    private readonly HashSet<ulong> _held = [];
    private ulong _delivered;

    [Theory]
    [MemberData(nameof(Seeds.Few), MemberType = typeof(Seeds))]
    public void A_broker_acks_exactly_what_was_acked(int seed)
    {
        output.WriteLine($"Seed {seed}.");
        var random = new Random(seed);
        var multiples = 0;
        for (var batch = 0; batch < 3_000; batch++)
        {
            Deliver(random.Next(12), random);
            var (acks, nacks) = Settle(random);

            // As the settler does: nacks first.
            nacks.ForEach(tag => _outstanding.Remove(tag).ShouldBeTrue());
            var plan = _prefix.Plan(acks, nacks);
            multiples += plan.MultipleUpTo > 0 ? 1 : 0;
            Apply(plan).ShouldBe(acks.Order());
        }

        multiples.ShouldBeGreaterThan(100, "otherwise nothing was tried");
    }

    private void Deliver(int count, Random random)
    {
        for (; count > 0; count--)
        {
            _outstanding.Add(++_delivered);
            if (random.Next(20) == 0)
            {
                _held.Add(_delivered);
            }
        }
    }

    private (List<ulong> Acks, List<ulong> Nacks) Settle(Random random)
    {
        var acks = new List<ulong>();
        var nacks = new List<ulong>();
        foreach (var tag in _outstanding)
        {
            if (_held.Contains(tag) ? random.Next(10) == 0 : random.Next(4) > 0)
            {
                (random.Next(5) == 0 ? nacks : acks).Add(tag);
            }
        }

        // Handlers end in any order.
        var shuffled = acks.ToArray();
        random.Shuffle(shuffled);
        return ([.. shuffled], nacks);
    }

    /// <summary>What the broker takes for acked. A tag that it does not know would close the channel.</summary>
    private List<ulong> Apply(AckPlan plan)
    {
        var acked = new List<ulong>();
        if (plan.MultipleUpTo > 0)
        {
            _outstanding.ShouldContain(plan.MultipleUpTo);
            acked.AddRange(_outstanding.GetViewBetween(1, plan.MultipleUpTo));
            _outstanding.ExceptWith(acked);
        }

        foreach (var tag in plan.Singles)
        {
            _outstanding.Remove(tag).ShouldBeTrue();
            acked.Add(tag);
        }

        return acked;
    }
}

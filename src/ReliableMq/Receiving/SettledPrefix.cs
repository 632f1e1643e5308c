namespace ReliableMq.Receiving;

/// <summary>
/// Decides which acks can be sent as one. An ack with <c>multiple</c> settles every lower tag of the channel,
/// held and running ones too, so it may reach only as far as everything below is settled. Pure bookkeeping.
/// </summary>
internal sealed class SettledPrefix
{
    private readonly HashSet<ulong> _above = [];
    private ulong _low;

    /// <summary>Plans the acks of one batch; nacks of the batch must be sent before them.</summary>
    public AckPlan Plan(IReadOnlyCollection<ulong> acks, IEnumerable<ulong> nacks)
    {
        _above.UnionWith(nacks);
        var pending = acks.ToHashSet();
        var multiple = 0UL;
        var covered = 0;
        while (true)
        {
            var next = _low + 1;
            if (pending.Remove(next))
            {
                multiple = next;
                covered++;
            }
            else if (!_above.Remove(next))
            {
                break;
            }

            _low = next;
        }

        _above.UnionWith(pending);
        var singles = pending.Order().ToList();
        if (covered == 1)
        {
            singles.Insert(0, multiple);
            multiple = 0;
        }

        return new AckPlan(multiple, singles);
    }
}

/// <param name="MultipleUpTo">Ack everything up to this tag at once; 0 means nothing.</param>
/// <param name="Singles">Ack these one by one.</param>
internal readonly record struct AckPlan(ulong MultipleUpTo, IReadOnlyList<ulong> Singles);

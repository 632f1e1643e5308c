using System.Threading.Channels;
using RabbitMQ.Client;

namespace ReliableMq.Receiving;

/// <summary>
/// The one place that settles the deliveries of a channel. Settlements that arrive together leave together.
/// A closed channel needs none: the broker has taken its deliveries back.
/// </summary>
internal sealed class DeliverySettler(IChannel channel)
{
    private readonly Channel<(ulong Tag, SettlementKind Kind)> _settlements =
        Channel.CreateUnbounded<(ulong, SettlementKind)>(new UnboundedChannelOptions { SingleReader = true });

    private readonly SettledPrefix _prefix = new();

    public void Settle(ulong tag, SettlementKind kind) => _settlements.Writer.TryWrite((tag, kind));

    public void Complete() => _settlements.Writer.TryComplete();

    public async Task RunAsync()
    {
        var acks = new List<ulong>();
        var nacks = new List<(ulong Tag, SettlementKind Kind)>();
        while (await _settlements.Reader.WaitToReadAsync())
        {
            acks.Clear();
            nacks.Clear();
            while (_settlements.Reader.TryRead(out var settlement))
            {
                if (settlement.Kind == SettlementKind.Ack)
                {
                    acks.Add(settlement.Tag);
                }
                else
                {
                    nacks.Add(settlement);
                }
            }

            await SendAsync(acks, nacks);
        }
    }

    private async Task SendAsync(List<ulong> acks, List<(ulong Tag, SettlementKind Kind)> nacks)
    {
        try
        {
            foreach (var (tag, kind) in nacks)
            {
                if (kind == SettlementKind.Return)
                {
                    // What is nacked has not failed, and is not delayed (seen on 4.3 with the type "failed").
                    await channel.BasicRejectAsync(tag, requeue: true, CancellationToken.None);
                }
                else
                {
                    await channel.BasicNackAsync(tag, multiple: false, requeue: kind != SettlementKind.DeadLetter, CancellationToken.None);
                }
            }

            var plan = _prefix.Plan(acks, nacks.Select(nack => nack.Tag));
            if (plan.MultipleUpTo > 0)
            {
                await channel.BasicAckAsync(plan.MultipleUpTo, multiple: true, CancellationToken.None);
            }

            foreach (var tag in plan.Singles)
            {
                await channel.BasicAckAsync(tag, multiple: false, CancellationToken.None);
            }
        }
        catch (Exception) when (!channel.IsOpen)
        {
            // Redelivered messages are recognised by the inbox.
        }
    }
}

using Microsoft.Extensions.DependencyInjection;
using ReliableMq.Tests.Outbox;

namespace ReliableMq.Tests.Dispatching;

/// <summary>What is refused before any broker is asked.</summary>
public sealed class MessagePublisherTests
{
    /// <summary>What is not refused waits for a broker that is not there.</summary>
    private static CancellationToken Soon => new CancellationTokenSource(TimeSpan.FromSeconds(5)).Token;

    private static readonly MessageOptions Later = new() { DeliverAt = DateTimeOffset.UnixEpoch };

    [Fact]
    public async Task A_message_for_later_has_no_place_to_wait()
    {
        using var host = Outboxes.Host();
        var publisher = host.Services.GetRequiredService<IMessagePublisher>();

        const string refusal = "DeliverAt needs a place for the message to wait. Add it to an outbox, or publish it without DeliverAt.";
        (await Should.ThrowAsync<ReliableMqException>(() => publisher.PublishAsync(new OrderPlaced(Guid.Empty, 1), Later, Soon))).Message.ShouldBe(refusal);
        (await Should.ThrowAsync<ReliableMqException>(() => publisher.PublishAndMayBeLostAsync(new OrderPlaced(Guid.Empty, 1), Later, Soon))).Message.ShouldBe(refusal);
    }

    [Fact]
    public async Task What_an_outbox_refuses_is_refused()
    {
        using var host = Outboxes.Host();
        var publisher = host.Services.GetRequiredService<IMessagePublisher>();

        (await Should.ThrowAsync<ReliableMqException>(() => publisher.PublishAsync("no message", cancellationToken: Soon))).Message.ShouldContain("is not a message");
        await Should.ThrowAsync<ArgumentNullException>(() => publisher.PublishAsync(null!, cancellationToken: Soon));
    }
}

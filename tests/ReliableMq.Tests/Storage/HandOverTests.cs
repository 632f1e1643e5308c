using Microsoft.Extensions.DependencyInjection;
using ReliableMq.Storage;

namespace ReliableMq.Tests.Storage;

public sealed class HandOverTests
{
    private readonly ServiceDatabase _database = new(
        typeof(OrdersDb), new ReliableMqOptions(), Node.Create(), new ServiceCollection().BuildServiceProvider().GetRequiredService<IServiceScopeFactory>());

    [Fact]
    public void Ids_of_what_is_due_are_handed_over_in_order()
    {
        var messages = new[] { Some.Message(), Some.Message() };

        _database.HandOver(messages);

        var handedOver = Take();
        handedOver.Ids.ShouldBe(messages.Select(message => message.Id));
        handedOver.HasScheduled.ShouldBeFalse();
    }

    [Fact]
    public void Messages_with_an_ordering_key_are_handed_over_by_their_keys()
    {
        var plain = Some.Message();

        var later = Some.Message(dueAt: DateTimeOffset.MaxValue, orderingKey: "later");
        _database.HandOver([Some.Message(orderingKey: "b"), plain, Some.Message(orderingKey: "a"), Some.Message(orderingKey: "b"), later]);

        var handedOver = Take();
        handedOver.Ids.ShouldBe([plain.Id, later.Id]);
        handedOver.Keys.ShouldBe(["b", "a", "later"]);
        handedOver.HasScheduled.ShouldBeTrue();
    }

    [Fact]
    public void What_is_scheduled_wakes_the_dispatcher_and_may_be_due_already()
    {
        var (scheduled, due) = (Some.Message(dueAt: DateTimeOffset.MinValue), Some.Message());

        _database.HandOver([scheduled, due]);

        var handedOver = Take();
        handedOver.Ids.ShouldBe([scheduled.Id, due.Id]);
        handedOver.HasScheduled.ShouldBeTrue();
    }

    [Fact]
    public void Nothing_is_not_handed_over()
    {
        _database.HandOver([]);

        _database.HandedOver.Reader.TryRead(out _).ShouldBeFalse();
    }

    [Fact]
    public void A_full_hand_over_holds_nobody_up_and_leaves_the_newest_rows_to_the_next_poll()
    {
        var oldest = Some.Message();
        _database.HandOver([oldest]);
        for (var i = 0; i < 10_000; i++)
        {
            _database.HandOver([Some.Message()]);
        }

        _database.HandedOver.Reader.Count.ShouldBe(10_000);
        Take().Ids.ShouldBe([oldest.Id]);
    }

    [Fact]
    public void Whoever_is_not_told_of_the_commit_says_so()
    {
        _database.HandOver([Some.Message()]);
        _database.HandOver([Some.Message()], mayBeOpen: true);

        Take().MayBeOpen.ShouldBeFalse();
        Take().MayBeOpen.ShouldBeTrue();
    }

    [Fact]
    public void Many_are_handed_over_in_pieces_of_a_batch()
    {
        var messages = Enumerable.Range(0, 1_200).Select(number => Some.Message(orderingKey: number < 700 ? $"{number}" : null)).ToArray();

        _database.HandOver(messages);

        var pieces = new[] { Take(), Take() };
        _database.HandedOver.Reader.TryRead(out _).ShouldBeFalse();
        pieces.ShouldAllBe(piece => piece.Ids.Count <= 500 && piece.Keys.Count <= 500);
        pieces.SelectMany(piece => piece.Ids).ShouldBe(messages.Skip(700).Select(message => message.Id));
        pieces.SelectMany(piece => piece.Keys).ShouldBe(messages.Take(700).Select(message => message.OrderingKey!));
    }

    private HandOver Take()
    {
        _database.HandedOver.Reader.TryRead(out var handedOver).ShouldBeTrue();
        return handedOver;
    }
}

using ReliableMq.Broker;

namespace ReliableMq.Tests.Broker;

public sealed class ConfirmWindowTests
{
    private readonly ConfirmWindow<string> _window = new(4);

    [Fact]
    public void Numbers_publishes_from_one_as_the_broker_does()
    {
        Add("a").ShouldBe(1UL);
        Add("b").ShouldBe(2UL);
        _window.Outstanding.ShouldBe(2);
    }

    [Fact]
    public void Single_acks_complete_one_each_in_any_order()
    {
        AddAll("a", "b", "c");

        Ack(2).ShouldBe([("b", PublishOutcome.Confirmed)]);
        Ack(3).ShouldBe([("c", PublishOutcome.Confirmed)]);
        Ack(1).ShouldBe([("a", PublishOutcome.Confirmed)]);
        _window.Outstanding.ShouldBe(0);
    }

    [Fact]
    public void A_multiple_ack_completes_all_up_to_its_tag_in_order()
    {
        AddAll("a", "b", "c", "d");
        Ack(2);

        Ack(3, multiple: true).ShouldBe([("a", PublishOutcome.Confirmed), ("c", PublishOutcome.Confirmed)]);
        _window.Outstanding.ShouldBe(1);
    }

    [Fact]
    public void A_multiple_ack_of_tag_zero_completes_everything()
    {
        AddAll("a", "b", "c");

        Ack(0, multiple: true).Select(completed => completed.Item).ShouldBe(["a", "b", "c"]);
        _window.Outstanding.ShouldBe(0);
    }

    [Fact]
    public void A_multiple_ack_of_tag_zero_completes_nothing_in_an_empty_window() =>
        Ack(0, multiple: true).ShouldBeEmpty();

    [Fact]
    public void A_multiple_ack_beyond_the_last_publish_stops_at_the_last()
    {
        AddAll("a", "b");

        Ack(ulong.MaxValue, multiple: true).Select(completed => completed.Item).ShouldBe(["a", "b"]);
    }

    [Theory]
    [InlineData(0UL)]
    [InlineData(3UL)]
    [InlineData(5UL)]
    [InlineData(ulong.MaxValue)]
    public void A_tag_that_waits_for_nothing_completes_nothing(ulong tag)
    {
        AddAll("a", "b");

        Ack(tag).ShouldBeEmpty();
        _window.Outstanding.ShouldBe(2);
    }

    [Fact]
    public void A_second_answer_to_the_same_tag_completes_nothing()
    {
        AddAll("a", "b");
        Ack(2);

        Ack(2).ShouldBeEmpty();
        Nack(2).ShouldBeEmpty();
        _window.Outstanding.ShouldBe(1);
    }

    [Fact]
    public void A_nack_refuses_the_message()
    {
        AddAll("a", "b", "c");

        Nack(2).ShouldBe([("b", Nacked)]);
        Nack(3, multiple: true).ShouldBe([("a", Nacked), ("c", Nacked)]);
    }

    [Fact]
    public void A_returned_message_is_told_when_its_ack_comes()
    {
        AddAll("a", "b");
        _window.Return(1, "no queue");

        _window.Outstanding.ShouldBe(2);
        Ack(2, multiple: true).ShouldBe([("a", new(PublishResult.Returned, "no queue")), ("b", PublishOutcome.Confirmed)]);
    }

    [Fact]
    public void A_return_says_more_than_a_nack()
    {
        AddAll("a");
        _window.Return(1, "no queue");

        Nack(1).ShouldBe([("a", new(PublishResult.Returned, "no queue"))]);
    }

    [Fact]
    public void A_return_of_what_does_not_wait_is_forgotten()
    {
        AddAll("a", "b", "c", "d");
        Ack(0, multiple: true);
        AddAll("e");

        // Each would fall on the place of "e" in the ring.
        _window.Return(1, "too late");
        _window.Return(9, "not sent yet");
        _window.Return(unchecked((ulong)-3L), "nonsense");

        Ack(5).ShouldBe([("e", PublishOutcome.Confirmed)]);
    }

    [Fact]
    public void While_one_publish_waits_any_number_of_others_is_confirmed_past_it()
    {
        AddAll("slow");
        for (ulong sequence = 2; sequence <= 1_000; sequence++)
        {
            AddAll($"{sequence}");
            if (sequence is not (500 or 999))
            {
                Ack(sequence).ShouldBe([($"{sequence}", PublishOutcome.Confirmed)]);
            }
        }

        _window.Outstanding.ShouldBe(3);
        Ack(999).ShouldBe([("999", PublishOutcome.Confirmed)]);
        Ack(500, multiple: true).ShouldBe([("slow", PublishOutcome.Confirmed), ("500", PublishOutcome.Confirmed)]);
        _window.Outstanding.ShouldBe(0);
    }

    [Fact]
    public void Knows_when_the_oldest_unanswered_publish_was_sent()
    {
        _window.OldestSentAt.ShouldBeNull();
        Add("a", sentAt: 10);
        Add("b", sentAt: 20);
        Add("c", sentAt: 30);

        _window.OldestSentAt.ShouldBe(10);
        Ack(2);
        _window.OldestSentAt.ShouldBe(10);
        Ack(1);
        _window.OldestSentAt.ShouldBe(30);
        Ack(3);
        _window.OldestSentAt.ShouldBeNull();
    }

    [Fact]
    public void Failing_gives_each_that_waits_an_outcome_by_its_age()
    {
        Add("old", sentAt: 1);
        Add("answered", sentAt: 2);
        Add("young", sentAt: 3);
        Ack(2);

        Fail((_, sentAt) => new(sentAt < 3 ? PublishResult.TimedOut : PublishResult.Lost))
            .ShouldBe([("old", new(PublishResult.TimedOut)), ("young", new(PublishResult.Lost))]);
        _window.Outstanding.ShouldBe(0);
        _window.OldestSentAt.ShouldBeNull();
        Ack(0, multiple: true).ShouldBeEmpty();
    }

    [Fact]
    public void Failing_keeps_what_a_return_has_said()
    {
        AddAll("a", "b");
        _window.Return(1, "no queue");

        Fail((_, _) => new(PublishResult.Lost)).ShouldBe([("a", new(PublishResult.Returned, "no queue")), ("b", new(PublishResult.Lost))]);
    }

    [Fact]
    public void A_window_that_failed_goes_on_with_the_next_number()
    {
        AddAll("a", "b", "c", "d");
        Fail((_, _) => new(PublishResult.Lost));

        Add("e").ShouldBe(5UL);
        Ack(5).ShouldBe([("e", PublishOutcome.Confirmed)]);
    }

    [Fact]
    public void Goes_round_the_ring_far_beyond_its_capacity()
    {
        for (var i = 1UL; i <= 10_000; i++)
        {
            Add($"{i}", sentAt: (long)i).ShouldBe(i);
            if (i % 3 == 0)
            {
                _window.Return(i, "no queue");
            }

            if (i % 4 == 0)
            {
                Ack(i, multiple: true).Select(completed => $"{completed.Item} {completed.Outcome.Result}").ShouldBe(
                    Enumerable.Range((int)i - 3, 4).Select(n => $"{n} {(n % 3 == 0 ? "Returned" : "Confirmed")}"));
            }
        }
    }

    private static PublishOutcome Nacked => new(PublishResult.Nacked, "The broker refused the message (basic.nack).");

    private ulong Add(string item, long sentAt = 0) => _window.Add(item, sentAt);

    private void AddAll(params string[] items)
    {
        foreach (var item in items)
        {
            Add(item);
        }
    }

    private List<(string Item, PublishOutcome Outcome)> Ack(ulong tag, bool multiple = false) => Complete(tag, multiple, acked: true);

    private List<(string Item, PublishOutcome Outcome)> Nack(ulong tag, bool multiple = false) => Complete(tag, multiple, acked: false);

    private List<(string Item, PublishOutcome Outcome)> Complete(ulong tag, bool multiple, bool acked)
    {
        var completed = new List<(string Item, PublishOutcome Outcome)>();
        _window.Complete(tag, multiple, acked, completed);
        return completed;
    }

    private List<(string Item, PublishOutcome Outcome)> Fail(Func<string, long, PublishOutcome> outcomeOf)
    {
        var completed = new List<(string Item, PublishOutcome Outcome)>();
        _window.Fail(outcomeOf, completed);
        return completed;
    }
}

using ReliableMq.Broker;
using ReliableMq.Dispatching;
using ReliableMq.Outbox;
using ReliableMq.TestSupport;

namespace ReliableMq.Tests.Dispatching;

public sealed class DestinationsTests
{
    private static readonly Destination Failing = new("orders", "a");
    private static readonly Destination Other = new("orders", "b");

    private readonly ManualTimeProvider _time = new();
    private readonly Destinations _destinations;

    public DestinationsTests() => _destinations = new Destinations(_time);

    [Fact]
    public void A_destination_that_fails_is_paused_and_no_other()
    {
        Ask(Failing).ShouldBeTrue();
        Fail().ShouldBe((TimeSpan.FromSeconds(1), 1));

        Ask(Failing).ShouldBeFalse();
        Ask(Other).ShouldBeTrue();
        _destinations.Paused.ShouldBe(1);
    }

    [Fact]
    public void It_is_paused_until_a_message_is_confirmed()
    {
        _destinations.IsPaused(Failing).ShouldBeFalse();
        Fail();
        _destinations.IsPaused(Failing).ShouldBeTrue();
        _time.Advance(TimeSpan.FromHours(1));
        _destinations.IsPaused(Failing).ShouldBeTrue();
        _destinations.Confirmed(Failing);
        _destinations.IsPaused(Failing).ShouldBeFalse();
    }

    [Fact]
    public void What_is_set_aside_carries_the_reason_and_is_no_attempt()
    {
        Fail("312 NO_ROUTE");

        _destinations.Refuse(Failing, random: 1).ShouldBe(
            new Failure("returned", "Not tried, because an earlier message to the same destination failed: 312 NO_ROUTE", TimeSpan.FromMinutes(10), IsAttempt: false));
    }

    [Fact]
    public void When_a_pause_has_ended_a_message_is_to_be_offered_once_and_again_if_it_is_not_tried()
    {
        Fail();
        _destinations.Ended().ShouldBeEmpty();
        _time.Advance(TimeSpan.FromSeconds(1));

        _destinations.Ended().ShouldBe([Failing]);
        _destinations.Offered(Failing, any: true);
        _destinations.Ended().ShouldBeEmpty();
        _time.Advance(TimeSpan.FromSeconds(10));
        _destinations.Ended().ShouldBe([Failing]);

        Ask(Failing).ShouldBeTrue();
        _destinations.Ended().ShouldBeEmpty("one is being tried");
    }

    [Fact]
    public void A_pause_without_anything_to_offer_lets_the_next_one_through_and_remembers_its_failures()
    {
        Fail();
        _time.Advance(TimeSpan.FromSeconds(1));

        _destinations.Offered(Failing, any: false);

        Ask(Failing).ShouldBeTrue();
        Ask(Failing).ShouldBeFalse("one is being tried");
        Fail().Failures.ShouldBe(2);
    }

    [Fact]
    public void A_pause_is_forgotten_when_there_was_nothing_to_offer_for_as_long_as_a_row_is_set_aside()
    {
        Fail();
        _time.Advance(Destinations.SetAside + TimeSpan.FromSeconds(2));

        _destinations.Offered(Failing, any: false);

        _destinations.Paused.ShouldBe(0);
        Fail().Failures.ShouldBe(1);
    }

    [Fact]
    public void Those_that_refuse_are_known_with_what_becomes_of_their_rows()
    {
        _destinations.Refusing(random: 1).ShouldBeEmpty();
        Fail();

        _destinations.Refusing(random: 1).ShouldHaveSingleItem().ShouldBe((Failing, _destinations.Refuse(Failing, random: 1)!.Value));
        _time.Advance(TimeSpan.FromSeconds(1));
        _destinations.Refusing(random: 1).ShouldBeEmpty("one may be tried");
        Ask(Failing);
        _destinations.Refusing(random: 1).Count.ShouldBe(1);
    }

    [Fact]
    public void After_the_pause_one_is_tried_at_a_time()
    {
        Fail();
        _time.Advance(TimeSpan.FromSeconds(1));

        Ask(Failing).ShouldBeTrue("the one that is tried");
        Ask(Failing).ShouldBeFalse();
        Ask(Failing).ShouldBeFalse();
    }

    [Fact]
    public void Pauses_grow_while_it_fails()
    {
        var delays = new List<double>();
        for (var i = 0; i < 9; i++)
        {
            delays.Add(Fail().Delay.TotalSeconds);
            _time.Advance(TimeSpan.FromMinutes(1));
            Ask(Failing).ShouldBeTrue();
        }

        delays.ShouldBe([1, 2, 4, 8, 16, 32, 60, 60, 60]);
    }

    [Fact]
    public void Failures_of_what_was_on_its_way_when_the_pause_began_do_not_count()
    {
        Fail();
        _time.Advance(TimeSpan.FromSeconds(0.4));

        Fail().ShouldBe((TimeSpan.FromSeconds(0.6), 0));

        _time.Advance(TimeSpan.FromSeconds(0.6));
        Ask(Failing).ShouldBeTrue();
        Fail().ShouldBe((TimeSpan.FromSeconds(2), 2));
    }

    [Fact]
    public void A_confirm_ends_the_pause()
    {
        Fail();

        _destinations.Confirmed(Other).ShouldBeFalse();
        _destinations.Confirmed(Failing).ShouldBeTrue();
        _destinations.Confirmed(Failing).ShouldBeFalse("it is over");
        Ask(Failing).ShouldBeTrue();
        Ask(Failing).ShouldBeTrue();
        _destinations.Paused.ShouldBe(0);
        Fail().Delay.ShouldBe(TimeSpan.FromSeconds(1), "it begins anew");
    }

    [Fact]
    public void When_nothing_is_known_of_the_one_that_was_tried_another_may_be()
    {
        Fail();
        _time.Advance(TimeSpan.FromSeconds(1));
        Ask(Failing).ShouldBeTrue();
        Ask(Failing).ShouldBeFalse();

        _destinations.Unknown(Failing);

        Ask(Failing).ShouldBeTrue();
        Ask(Failing).ShouldBeFalse();
    }

    [Fact]
    public void An_operator_ends_all_pauses()
    {
        Fail();
        _destinations.Forget();

        Ask(Failing).ShouldBeTrue();
        _destinations.Paused.ShouldBe(0);
    }

    private bool Ask(Destination destination) => _destinations.Refuse(destination, random: 1) is null;

    private (TimeSpan Delay, int Failures) Fail(string reason = "no queue") => _destinations.Failed(Failing, PublishResult.Returned, reason, random: 1);
}

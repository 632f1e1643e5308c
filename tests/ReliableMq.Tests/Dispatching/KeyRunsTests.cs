using ReliableMq.Dispatching;
using ReliableMq.Outbox;

namespace ReliableMq.Tests.Dispatching;

public sealed class KeyRunsTests
{
    private static readonly KeyLease A = new("a", Guid.NewGuid());
    private static readonly KeyLease B = new("b", Guid.NewGuid());

    private readonly KeyRuns _runs = new();

    [Fact]
    public void One_message_of_each_key_is_ready_at_a_time()
    {
        var (a1, a2, b1) = (Row(A), Row(A), Row(B));
        Start(a1, a2, b1);

        _runs.HasReady.ShouldBeTrue();
        Ready().ShouldBe([a1, b1]);
        _runs.HasReady.ShouldBeFalse();

        Finish(b1).ShouldBe([B]);
        Ready().ShouldBeEmpty();
        Finish(a1).ShouldBeEmpty();
        Ready().ShouldBe([a2]);
        Finish(a2).ShouldBe([A]);
    }

    [Fact]
    public void A_key_that_somebody_else_took_over_is_not_sent_any_further()
    {
        var (a1, a2) = (Row(A), Row(A));
        Start(a1, a2);
        Ready();

        _runs.Finished([a1], new HashSet<Guid>()).ShouldBeEmpty();

        Ready().ShouldBeEmpty();
        NotHeld("a").ShouldBe(["a"]);
    }

    [Fact]
    public void What_an_older_claim_finished_says_nothing_about_the_present_one()
    {
        var old = Row(A);
        Start(old);
        Start(Row(A with { Token = Guid.NewGuid() }));
        Ready();

        Finish(old).ShouldBeEmpty();
        _runs.End([A]).ShouldBeEmpty();
        NotHeld("a").ShouldBeEmpty("it is held by the later claim");
    }

    [Fact]
    public void A_key_that_got_messages_while_it_was_held_is_told_when_it_ends()
    {
        Start(Row(A), Row(B));

        NotHeld("a", "c", "c").ShouldBe(["c"]);

        _runs.End([A, B]).ShouldBe(["a"]);
        NotHeld("a", "b").ShouldBe(["a", "b"]);
    }

    [Fact]
    public void A_key_that_is_claimed_anew_is_not_held_by_the_claim_before()
    {
        Start(Row(A), Row(B));

        _runs.Forget([A with { Token = Guid.NewGuid() }]);

        NotHeld("a", "b").ShouldBe(["a"]);
    }

    [Fact]
    public void A_key_whose_lease_is_of_no_more_use_is_claimed_like_one_that_is_not_held()
    {
        Start(Row(A));

        _runs.NotHeld(["a"], now: 99).ShouldBeEmpty();
        _runs.NotHeld(["a"], now: 100).ShouldBe(["a"]);
    }

    [Fact]
    public void What_is_in_memory_is_counted()
    {
        var (a1, a2) = (Row(A), Row(A));
        Start(a1, a2, Row(B));
        _runs.Count.ShouldBe(3);

        Ready();
        Finish(a1);
        _runs.Count.ShouldBe(2);
        _runs.End([B]);
        _runs.Count.ShouldBe(1);
    }

    private List<string> NotHeld(params string[] keys) => _runs.NotHeld(keys, now: 0);

    private static OutboxRow Row(KeyLease key) => Some.Row(key: key);

    private void Start(params OutboxRow[] rows) => _runs.Start(rows.Select(row => new HeldRow(row, 100)));

    private List<OutboxRow> Ready() => _runs.TakeReady().ConvertAll(held => held.Row);

    private List<KeyLease> Finish(OutboxRow row) => _runs.Finished([row], new HashSet<Guid> { row.Id });
}

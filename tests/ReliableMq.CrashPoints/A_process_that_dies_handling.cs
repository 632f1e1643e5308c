using ReliableMq.TestSupport;
using Xunit;

namespace ReliableMq.CrashPoints;

/// <summary>A service dies between receiving a message and settling it. The message has only this one delivery.</summary>
public sealed class A_process_that_dies_handling
{
    [Theory]
    [InlineData("after receive, before inbox", 0)]
    [InlineData("after inbox, before handler", 0)]
    [InlineData("after commit, before ack", 1)]
    public async Task Leaves_the_delivery_and_all_that_it_has_done_or_nothing(string point, int done)
    {
        await using var world = await World.CreateAsync();
        await world.DieAsync(point, _ => world.PutAsync(new Number(7)));
        await world.ShouldHoldAsync(NumberHandlers.Queue, 1);
        // A transaction that was left open would keep the row's key.
        await world.ShouldCountAsync(0, "pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'");
        (await world.CountAsync("reliable_mq.inbox")).ShouldBe(done);
        (await world.CountAsync("effect")).ShouldBe(done);

        await using var successor = await world.StartAsync();
        await world.ShouldReachAsync(1, "effect");
        await world.ShouldComeToRestAsync();
        (await world.EffectsAsync()).ShouldBe([7]);
        (await world.CountAsync("reliable_mq.inbox")).ShouldBe(1);
        (await world.CountAsync("reliable_mq.dead_letter")).ShouldBe(0);
    }

    [Fact]
    public async Task Before_a_delivery_is_held_leaves_it_with_its_attempt_counted()
    {
        await using var world = await World.CreateAsync();
        await world.DieAsync("after retry recorded, before nack", _ => world.PutAsync(new Number(7, Trouble.ForAMoment)));
        await world.ShouldHoldAsync(NumberHandlers.Queue, 1);
        (await world.CountAsync("reliable_mq.failure WHERE state = 'failing' AND attempts = 1")).ShouldBe(1);
        (await world.EffectsAsync()).ShouldBeEmpty();

        // It has two attempts.
        await using var successor = await world.StartAsync();
        await world.ShouldCountAsync(1, "reliable_mq.dead_letter");
        (await world.Database.QueryAsync<int>("SELECT attempts FROM reliable_mq.dead_letter")).ShouldBe([2]);
        await ShouldBeReplayedOnceAsync(world, successor);
    }

    [Fact]
    public async Task Between_scheduling_an_attempt_and_its_ack_leaves_a_delivery_that_does_not_run()
    {
        await using var world = await World.CreateAsync();
        await world.DieAsync("after scheduling, before ack", _ => world.PutAsync(new Number(7, Trouble.ForAnHour)));
        await world.ShouldHoldAsync(NumberHandlers.Queue, 1);
        (await world.CountAsync("reliable_mq.failure WHERE state = 'scheduled' AND epoch = 1")).ShouldBe(1);
        (await world.CountAsync("reliable_mq.outbox WHERE due_at > clock_timestamp()")).ShouldBe(1);

        await world.MendAsync(7);
        await using var successor = await world.StartAsync();
        await world.QueuesShouldEmptyAsync();
        (await world.EffectsAsync()).ShouldBeEmpty("its time has not come");
        await successor.WriteLineAsync(Service.SendNow);
        await world.ShouldReachAsync(1, "effect");
        await world.ShouldComeToRestAsync();
        (await world.EffectsAsync()).ShouldBe([7]);
        (await world.CountAsync("reliable_mq.failure")).ShouldBe(0);
    }

    [Fact]
    public async Task Between_parking_a_message_and_its_ack_leaves_it_behind_its_key()
    {
        await using var world = await World.CreateAsync();
        await world.DieAsync("after parking, before ack", async _ =>
        {
            await PutInOrderAsync(world, 1, Trouble.ForAnHour);
            await world.ShouldCountAsync(1, "reliable_mq.failure WHERE state = 'scheduled' AND ordering_key = 'key'");
            await PutInOrderAsync(world, 2, Trouble.None);
        });
        (await world.CountAsync("reliable_mq.parked WHERE message_id = 'put-2'")).ShouldBe(1);
        await world.ShouldHoldSomeAsync(NumberHandlers.QueueInOrder);

        await world.MendAsync(1);
        await using var successor = await world.StartAsync();
        await world.QueuesShouldEmptyAsync();
        (await world.EffectsAsync()).ShouldBeEmpty("the first waits, and the second behind it");
        (await world.CountAsync("reliable_mq.parked")).ShouldBe(1);
        await successor.WriteLineAsync(Service.SendNow);
        await world.ShouldReachAsync(2, "effect");
        await world.ShouldComeToRestAsync();
        (await world.EffectsAsync()).ShouldBe([1, 2]);
        (await world.CountAsync("reliable_mq.parked")).ShouldBe(0);
    }

    [Fact]
    public async Task Between_the_dead_letter_and_its_nack_leaves_one_dead_letter_that_can_be_replayed()
    {
        await using var world = await World.CreateAsync();
        await world.DieAsync("after dead letter, before nack", _ => world.PutAsync(new Number(7, Trouble.ForGood)));
        await world.ShouldHoldAsync(NumberHandlers.Queue, 1);
        (await world.CountAsync("reliable_mq.dead_letter")).ShouldBe(1);
        (await world.CountAsync("reliable_mq.failure WHERE state = 'dead'")).ShouldBe(1);

        await using var successor = await world.StartAsync();
        await world.ShouldComeToRestAsync();
        (await world.EffectsAsync()).ShouldBeEmpty();
        (await world.Database.QueryAsync<string>("SELECT reason FROM reliable_mq.dead_letter")).ShouldHaveSingleItem().ShouldContain("7 needs mending.");
        (await world.Database.QueryAsync<int>("SELECT attempts FROM reliable_mq.failure")).ShouldBe([1], "it did not run again");
        await ShouldBeReplayedOnceAsync(world, successor);
    }

    [Fact]
    public async Task Between_storing_what_the_broker_gave_up_and_its_ack_leaves_one_dead_letter_that_is_told_once()
    {
        await using var world = await World.CreateAsync();
        await world.DieAsync("after dead letter stored by the monitor, before ack", _ => world.PutAsync(DeadLetterQueue, "crashes.number.v1", 7));
        await world.ShouldHoldAsync(DeadLetterQueue, 1);
        (await world.CountAsync("reliable_mq.dead_letter")).ShouldBe(1);

        await using var successor = await world.StartAsync();
        await world.ShouldComeToRestAsync();
        (await world.CountAsync("reliable_mq.dead_letter")).ShouldBe(1);
        (await world.Database.QueryAsync<long>("SELECT count FROM reliable_mq.alert")).ShouldBe([1]);
        await ShouldBeReplayedOnceAsync(world, successor);
    }

    /// <summary>Nothing remembers what was handled there; a message may be handled twice, but not never.</summary>
    [Fact]
    public async Task Between_a_copy_and_its_ack_leaves_both_where_there_is_no_inbox()
    {
        await using var world = await World.CreateAsync();
        await world.DieAsync("after republish confirmed, before ack", _ => world.PutAsync(NumberHandlers.QueueWithoutInbox, "crashes.forgettable.v1", 7));
        await world.ShouldHoldAsync(NumberHandlers.QueueWithoutInbox, 2);

        await world.MendAsync(7);
        await using var successor = await world.StartAsync();
        await world.ShouldComeToRestAsync();
        (await world.EffectsAsync()).ShouldBe([7, 7]);
    }

    private const string DeadLetterQueue = NumberHandlers.Queue + ".dead";

    private static Task PutInOrderAsync(World world, int value, Trouble trouble) => world.PutAsync(NumberHandlers.QueueInOrder, "crashes.in-order.v1", value, trouble, "key");

    private static async Task ShouldBeReplayedOnceAsync(World world, ChildProcess service)
    {
        await world.MendAsync(7);
        await service.WriteLineAsync(Service.Replay);
        await world.ShouldReachAsync(1, "effect");
        await world.ShouldComeToRestAsync();
        (await world.EffectsAsync()).ShouldBe([7]);
    }
}

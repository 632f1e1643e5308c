using Xunit;

namespace ReliableMq.CrashPoints;

/// <summary>
/// A service dies between storing a message and knowing that it is sent, and the next one finishes what it began. Sent and
/// handled by the same service, so that whatever was left, only its own successor can take it up.
/// </summary>
public sealed class A_process_that_dies_sending
{
    private const string Pending = "reliable_mq.outbox WHERE node IS NOT NULL", Sent = "reliable_mq.outbox_history WHERE outcome = 'sent'";

    [Fact]
    public async Task Between_commit_and_hand_over_leaves_a_row_whose_lease_runs_out()
    {
        await using var world = await World.CreateAsync();
        await world.DieAsync("after commit, before hand-over", new Number(7));
        (await world.CountAsync(Pending)).ShouldBe(1);
        await world.ShouldHoldAsync(NumberHandlers.Queue, 0);

        await ShouldBeHandledOnceAsync(world);
    }

    [Fact]
    public async Task Between_publish_and_confirm_leaves_a_row_whose_lease_runs_out()
    {
        await using var world = await World.CreateAsync();
        await world.DeclareAsync();
        await world.DieAsync("after publish, before confirm", new Number(7), handles: false);
        (await world.CountAsync(Pending)).ShouldBe(1);

        await ShouldBeHandledOnceAsync(world);
    }

    [Fact]
    public async Task Between_confirm_and_finish_leaves_a_row_and_a_copy()
    {
        await using var world = await World.CreateAsync();
        await world.DeclareAsync();
        await world.DieAsync("after confirm, before finish", new Number(7), handles: false);
        (await world.CountAsync(Pending)).ShouldBe(1);
        await world.ShouldHoldAsync(NumberHandlers.Queue, 1);

        await ShouldBeHandledOnceAsync(world);
    }

    [Fact]
    public async Task Between_two_messages_of_a_key_leaves_the_second_to_its_successor()
    {
        await using var world = await World.CreateAsync();
        await world.DeclareAsync();
        await world.DieAsync("after finish, before the next of its key", Service.SendInOrder, handles: false);
        (await world.CountAsync(Sent)).ShouldBe(1);
        (await world.CountAsync("reliable_mq.outbox")).ShouldBe(1);
        (await world.CountAsync("reliable_mq.outbox_key WHERE node IS NOT NULL")).ShouldBe(1);
        await world.ShouldHoldAsync(NumberHandlers.QueueInOrder, 1);

        await using var successor = await world.StartAsync();
        await world.ShouldCountAsync(2, "effect");
        await world.ShouldComeToRestAsync();
        (await world.EffectsAsync()).ShouldBe([1, 2]);
    }

    private static async Task ShouldBeHandledOnceAsync(World world)
    {
        (await world.EffectsAsync()).ShouldBeEmpty();
        await using var successor = await world.StartAsync();
        await world.ShouldReachAsync(1, "effect");
        await world.ShouldComeToRestAsync();
        (await world.EffectsAsync()).ShouldBe([7]);
        (await world.CountAsync(Sent)).ShouldBe(1);
        (await world.CountAsync("reliable_mq.dead_letter")).ShouldBe(0);
    }
}

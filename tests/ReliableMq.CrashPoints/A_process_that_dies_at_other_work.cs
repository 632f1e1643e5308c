using Xunit;

namespace ReliableMq.CrashPoints;

/// <summary>A service dies while it does what nobody waits for.</summary>
public sealed class A_process_that_dies_at_other_work
{
    [Fact]
    public async Task In_a_replay_leaves_it_to_its_successor_where_its_last_commit_left_it()
    {
        await using var world = await World.CreateAsync();
        await using (var healthy = await world.StartAsync())
        {
            await world.PutAsync(new Number(7, Trouble.ForGood));
            await world.PutAsync(new Number(8, Trouble.ForGood));
            await world.ShouldCountAsync(2, "reliable_mq.dead_letter");
            await world.ShouldComeToRestAsync();
            healthy.Kill();
        }

        await world.MendAsync(7);
        await world.MendAsync(8);
        await world.DieAsync("in a replay", Service.Replay, time: 2);
        await world.ShouldCountAsync(1, "reliable_mq.replay WHERE replayed = 1 AND finished_at IS NULL");
        (await world.CountAsync("reliable_mq.dead_letter WHERE replayed_at IS NULL")).ShouldBe(1);
        (await world.CountAsync("effect")).ShouldBeLessThan(2);

        await using var successor = await world.StartAsync();
        await world.ShouldReachAsync(2, "effect");
        await world.ShouldComeToRestAsync();
        (await world.EffectsAsync()).ShouldBe([7, 8], ignoreOrder: true);
        await world.ShouldCountAsync(1, "reliable_mq.replay WHERE replayed = 2 AND refused = 0 AND finished_at IS NOT NULL");
    }

    [Fact]
    public async Task Between_telling_an_alert_and_marking_it_makes_it_told_again()
    {
        await using var world = await World.CreateAsync();
        await world.DieAsync("after alert sent, before marked", _ => world.PutAsync(new Number(7, Trouble.ForGood)));
        (await world.CountAsync("told")).ShouldBe(1);
        (await world.CountAsync("reliable_mq.alert")).ShouldBe(1);

        await using var successor = await world.StartAsync();
        await world.ShouldCountAsync(2, "told");
        await world.ShouldComeToRestAsync();
        (await world.CountAsync("(SELECT DISTINCT id, count FROM told) AS t")).ShouldBe(1, "it is the same alert, and counts the same");
        (await world.CountAsync("told")).ShouldBe(2);
        (await world.CountAsync("reliable_mq.alert")).ShouldBe(1);
        (await world.CountAsync("reliable_mq.dead_letter")).ShouldBe(1);
    }

    [Fact]
    public async Task In_housekeeping_forgets_nothing_that_must_be_kept()
    {
        await using var world = await World.CreateAsync();
        await using (var healthy = await world.StartAsync())
        {
            await healthy.WriteLineAsync("""{ "Value": 7 }""");
            await world.ShouldCountAsync(1, "effect");
            await world.ShouldComeToRestAsync();
            healthy.Kill();
        }

        await world.Database.ExecuteAsync(
            """
            INSERT INTO reliable_mq.inbox (queue, message_id, fingerprint, epoch, handled_at)
            SELECT $1, 'old-' || n, gen_random_uuid(), 0, clock_timestamp() - interval '60 days' + n * interval '1 second' FROM generate_series(1, 2500) AS n
            """, NumberHandlers.Queue);
        await world.DieAsync("in housekeeping", Service.Housekeep);
        (await world.CountAsync("reliable_mq.inbox")).ShouldBe(1501, "one batch was removed");

        await using var successor = await world.StartAsync();
        await successor.WriteLineAsync(Service.Housekeep);
        await world.ShouldCountAsync(1, "reliable_mq.inbox");
        await world.SendAgainAsync();
        await world.ShouldComeToRestAsync();
        (await world.EffectsAsync()).ShouldBe([7], "its inbox row is still there");
        (await world.CountAsync("reliable_mq.dead_letter")).ShouldBe(0);
    }
}

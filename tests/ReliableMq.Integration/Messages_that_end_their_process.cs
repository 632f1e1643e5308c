using ReliableMq.Integration.Support;
using ReliableMq.TestSupport;
using Xunit;

namespace ReliableMq.Integration;

/// <summary>A handler that ends its process takes all that runs beside it along: who did it must be found, and nobody else blamed.</summary>
public class Messages_that_end_their_process
{
    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    public async Task One_among_many_becomes_a_dead_letter_and_its_neighbours_lose_no_attempt(int retries)
    {
        const int count = 200;
        await using var world = await World.CreateAsync();
        await using var producer = await world.StartAsync();
        await using (var first = world.StartProcess(Worker.EndAtTrap, retries))
        {
            await first.WaitForLineAsync(line => line == "started");
            await ConsumedAsync(world);
            await producer.SaveAsync([.. Enumerable.Range(0, count / 2).Append(Worker.Trap).Concat(Enumerable.Range(count / 2, count / 2)).Select(number => new Numbered(number))]);
            await first.WaitForExitAsync(TimeSpan.FromMinutes(1));
        }

        var starts = 1;
        while (await world.CountAsync("dead_letter") == 0)
        {
            (++starts).ShouldBeLessThan(10, "the message is found after five ends");
            await using var next = world.StartProcess(Worker.EndAtTrap, retries);
            await Eventually.TrueAsync(async () => next.HasExited || await world.CountAsync("dead_letter") > 0, "it ends, or the message is given up", TimeSpan.FromMinutes(1));
        }

        await using var rest = world.StartProcess(Worker.EndAtTrap, retries);
        await Eventually.EqualAsync((count * 2L) + 1, () => world.CountAsync("inbox"), "handled messages", TimeSpan.FromMinutes(1));
        rest.HasExited.ShouldBeFalse();
        rest.Terminate();
        await rest.WaitForExitAsync();

        (await world.Database.QueryAsync<string>("SELECT \"Note\" || ' ' || \"Number\" FROM \"Effects\"")).Order(StringComparer.Ordinal)
            .ShouldBe(Worker.TrapQueues.SelectMany(queue => Enumerable.Range(0, count).Select(number => $"{queue} {number}")).Append($"{Worker.TrapQueues[1]} {Worker.Trap}").Order(StringComparer.Ordinal));
        var dead = await world.Database.QueryAsync("SELECT queue, name, attempts, reason, error_type FROM reliable_mq.dead_letter",
            reader => (reader.GetString(0), reader.GetString(1), reader.GetInt32(2), reader.GetString(3), reader.GetString(4)));
        var (queue, name, attempts, reason, type) = dead.ShouldHaveSingleItem();
        (queue, name, attempts, type).ShouldBe((Worker.TrapQueues[0], "tests.numbered.v1", 3, "ReliableMq.Inbox.ProcessEndedException"));
        reason.ShouldStartWith("The process ended while it handled this message alone, 3 time(s). Processes that ended while they handled it:\n- ");
        reason.Split('\n').Count(line => line.StartsWith("- ", StringComparison.Ordinal) && line.EndsWith("\", alone", StringComparison.Ordinal)).ShouldBe(3);
        reason.Split('\n').Count(line => line.EndsWith(", together with other redelivered messages", StringComparison.Ordinal)).ShouldBe(1);
        (await world.Database.QueryAsync<string>("SELECT state || ' ' || attempts FROM reliable_mq.failure")).ShouldBe(["dead 3"], "nobody else has lost an attempt");
        (await world.CountAsync("started")).ShouldBe(0);
        await Eventually.EqualAsync(["tests.first: ProcessEndedException"], () => world.Database.QueryAsync<string>("SELECT group_key FROM reliable_mq.alert WHERE kind = 'dead-letter'"), "alerts");
    }

    [Fact]
    public async Task Ten_kills_of_innocent_processes_give_up_nothing_though_there_are_no_retries()
    {
        const int perRound = 60, kills = 10;
        await using var world = await World.CreateAsync();
        await using var producer = await world.StartAsync();
        for (var round = 0; round < kills; round++)
        {
            await using var victim = world.StartProcess(Worker.EndAtTrap, 0);
            await victim.WaitForLineAsync(line => line == "started");
            if (round == 0)
            {
                await ConsumedAsync(world);
            }

            await producer.SaveAsync([.. Enumerable.Range(round * perRound, perRound).Select(number => new Numbered(number + 1_000))]);
            await Eventually.TrueAsync(() => victim.Output.Count(line => line.StartsWith("handling ", StringComparison.Ordinal)) > round * 3, "it handles");
            victim.Kill();
        }

        await using var rest = world.StartProcess(Worker.EndAtTrap, 0);
        await Eventually.EqualAsync(perRound * kills * 2L, () => world.CountAsync("inbox"), "handled messages", TimeSpan.FromMinutes(2));

        (await world.CountAsync("dead_letter")).ShouldBe(0);
        (await world.Database.QueryAsync<string>("SELECT \"Note\" || ' ' || \"Number\" FROM \"Effects\"")).Order(StringComparer.Ordinal)
            .ShouldBe(Worker.TrapQueues.SelectMany(queue => Enumerable.Range(1_000, perRound * kills).Select(number => $"{queue} {number}")).Order(StringComparer.Ordinal));
        await Eventually.EqualAsync(0L, () => world.CountAsync("started"), "marks");
        (await world.CountAsync("failure")).ShouldBe(0);
    }

    private static Task ConsumedAsync(World world) => Eventually.TrueAsync(async () =>
    {
        foreach (var queue in Worker.TrapQueues)
        {
            if (await world.Broker.UseChannelAsync(channel => channel.ConsumerCountAsync(queue)) == 0)
            {
                return false;
            }
        }

        return true;
    }, "the queues are bound and consumed");
}

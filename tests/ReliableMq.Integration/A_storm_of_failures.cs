using System.Diagnostics;
using Microsoft.EntityFrameworkCore;
using ReliableMq.Integration.Support;
using ReliableMq.TestSupport;
using Xunit;

namespace ReliableMq.Integration;

public class A_storm_of_failures
{
    [Fact]
    public async Task It_delays_the_good_ones_by_less_than_twice_and_is_told_by_a_handful_of_alerts()
    {
        // Those that fail wait for longer than a good one works: if they did so in its slot, it would take more than twice the time.
        // In the short form few messages wait for long, so that a busy machine does not decide it.
        var (count, work, retry) = Runs.Long((5_000, TimeSpan.FromMilliseconds(500), "1s, 1s"), (100, TimeSpan.FromSeconds(2), "4s, 4s"));
        var sink = new RecordingSink("pager");
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup =>
        {
            sink.AddTo(setup);
            // A good one waits for somebody else, as handlers do; its slot must not be taken by those that wait for their next attempt.
            setup.HandleNumbered(retry: retry, concurrency: 10, before: (message, context) => message.Number >= 0
                ? Task.Delay(work, TimeProvider.System, context.CancellationToken)
                : throw (message.Number % 2 == 0 ? new InvalidOperationException("broken") : new TimeoutException("slow")));
        });
        await service.ConsumingAsync();

        var alone = await TimeAsync(Enumerable.Range(0, count), handled: count);
        var among = await TimeAsync(Enumerable.Range(count, count).SelectMany(number => new[] { -number, number }), handled: 2 * count);

        var told = $"alone {alone:0.0} s, among the storm {among:0.0} s";
        TestContext.Current.SendDiagnosticMessage(told);
        (among / alone).ShouldBeLessThan(2, told);
        await Eventually.EqualAsync((long)count, () => world.CountAsync("dead_letter"), "dead letters", TimeSpan.FromMinutes(10));
        await Eventually.EqualAsync((long)count, () => world.Database.ScalarAsync<long>("SELECT coalesce(sum(count), 0)::bigint FROM reliable_mq.alert WHERE kind = 'dead-letter'"), "failures counted by alerts");
        (await world.Database.QueryAsync<string>("SELECT group_key || ' ' || count || ' ' || jsonb_array_length(examples) FROM reliable_mq.alert WHERE kind = 'dead-letter' ORDER BY group_key"))
            .ShouldBe([$"tests.numbers: InvalidOperationException {count / 2} 10", $"tests.numbers: TimeoutException {count / 2} 10"]);
        sink.Told.Count(alert => alert.Kind == "dead-letter").ShouldBeInRange(2, 8, "first at once, then digests");

        async Task<double> TimeAsync(IEnumerable<int> numbers, int handled)
        {
            var started = Stopwatch.GetTimestamp();
            foreach (var some in numbers.Chunk(500))
            {
                await service.SaveAsync([.. some.Select(number => new Numbered(number))]);
            }

            await Eventually.EqualAsync((long)handled, () => world.CountAsync("inbox"), "handled", TimeSpan.FromMinutes(15));
            return Stopwatch.GetElapsedTime(started).TotalSeconds;
        }
    }
}

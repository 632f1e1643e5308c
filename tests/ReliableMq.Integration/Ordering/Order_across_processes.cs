using Microsoft.Extensions.DependencyInjection;
using ReliableMq.Integration.Support;
using ReliableMq.TestSupport;
using Xunit;

namespace ReliableMq.Integration.Ordering;

public class Order_across_processes
{
    private const int Keys = 10;
    private const int Each = 60;

    private static readonly List<(string Key, int Number)> Sent =
        [.. Enumerable.Range(0, Each).SelectMany(number => Enumerable.Range(0, Keys).Select(key => ($"k{key}", number)))];

    [Fact]
    public async Task Killed_processes_leave_each_key_in_its_order_and_each_effect_once()
    {
        await using var world = await World.CreateAsync();
        await using var workers = new Workers(world, 2);
        await workers.StartAsync();
        await world.SendAsync(Sent);
        foreach (var share in new[] { 8, 4, 2 })
        {
            await Eventually.TrueAsync(async () => await world.CountEffectsAsync() >= Sent.Count / share, "the service handles", TimeSpan.FromMinutes(2));
            await workers.KillActiveAsync();
        }

        await ShouldHaveKeptOrderAsync(world);
    }

    [Fact]
    public async Task A_process_that_stops_past_its_heartbeat_and_goes_on_later_leaves_each_key_in_its_order()
    {
        await using var world = await World.CreateAsync();
        await using var workers = new Workers(world, 2);
        await workers.StartAsync();
        await world.SendAsync(Sent.Take(Sent.Count / 2));
        await Eventually.TrueAsync(async () => await world.CountEffectsAsync() >= Sent.Count / 4, "the service handles", TimeSpan.FromMinutes(2));

        var stopped = workers.FreezeActive();
        // However fast it was, there is something left for another.
        await world.SendAsync(Sent.Skip(Sent.Count / 2));
        // What it was handling it holds in open transactions; the other handles the rest of the prefetch.
        await Eventually.TrueAsync(() => workers.Others(stopped).Any(other => other.Output.Count(line => line.StartsWith("handling ", StringComparison.Ordinal)) > 0), "another process takes over", TimeSpan.FromMinutes(1));
        stopped.Resume();

        await ShouldHaveKeptOrderAsync(world);
    }

    [Fact]
    public async Task A_service_that_stops_lets_nobody_overtake_what_it_still_handles()
    {
        await using var world = await World.CreateAsync();
        var gate = new Gate("the first message in its handler");
        await using var first = await world.StartAsync(setup => setup.HandleInOrder(QueueOrder.ByKey, before: (message, _) => message.Number == 0 ? gate.PassAsync() : Task.CompletedTask));
        await first.ConsumingAsync();
        await world.SendAsync(Enumerable.Range(0, 5).Select(number => ("k", number)));
        await gate.WaitForCallersAsync();
        await using var second = await world.StartAsync(setup => setup.HandleInOrder(QueueOrder.ByKey));
        await second.ConsumingAsync();

        var stopping = first.StopAsync();
        await world.SendAsync(Enumerable.Range(5, 5).Select(number => ("k", number)));
        await Consistently.EqualAsync(TimeSpan.FromSeconds(2), 0, world.CountEffectsAsync, "effects");
        gate.Open();
        await stopping;

        await Eventually.EqualAsync(Enumerable.Range(0, 10), () => world.EffectsOfAsync("k"), "effects");
        await world.ShouldHaveLeftNothingAsync();
    }

    [Fact]
    public async Task One_at_a_time_is_one_at_a_time_over_two_services_too()
    {
        const int count = 120;
        await using var world = await World.CreateAsync();
        var overlaps = new Overlaps();
        var random = new Random(3);
        void Setup(TestServiceSetup setup) => setup.HandleInOrder(QueueOrder.OneAtATime, retry: "20ms, 20ms, 20ms", before: (message, context) => overlaps.PassAsync("", async () =>
        {
            await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System);
            if (message.Number % 17 == 3 && context.Attempt == 1)
            {
                throw new InvalidOperationException("not yet");
            }
        }));
        await using var first = await world.StartAsync(Setup);
        await first.ConsumingAsync();
        await using var second = await world.StartAsync(Setup);
        await second.ConsumingAsync();

        await world.SendAsync(Enumerable.Range(0, count).Select(number => (random.Next(3) == 0 ? "" : $"k{number % 3}", number)));
        await Eventually.TrueAsync(async () => await world.CountEffectsAsync() >= count / 3, "half is handled");
        await first.StopAsync();

        await Eventually.EqualAsync(count, world.CountEffectsAsync, "effects", TimeSpan.FromMinutes(1));
        overlaps.Seen.ShouldBeEmpty();
        foreach (var key in new[] { "", "k0", "k1", "k2" })
        {
            var numbers = await world.EffectsOfAsync(key);
            numbers.ShouldBe(numbers.Order(), $"key \"{key}\"");
        }

        await world.ShouldHaveLeftNothingAsync();
    }

    [Fact]
    public async Task One_at_a_time_keeps_the_order_of_the_queue_while_nothing_fails()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup => setup.HandleInOrder(QueueOrder.OneAtATime));
        await service.ConsumingAsync();

        await world.SendAsync(Enumerable.Range(0, 100).Select(number => (number % 4 == 0 ? "" : $"k{number % 5}", number)));

        await Eventually.EqualAsync(100, world.CountEffectsAsync, "effects");
        (await world.Database.QueryAsync<int>("SELECT \"Number\" FROM \"Effects\" ORDER BY \"Id\"")).ShouldBe(Enumerable.Range(0, 100));
    }

    [Fact]
    public async Task A_changed_prefetch_lets_nothing_overtake()
    {
        await using var world = await World.CreateAsync();
        var gate = new Gate("the first message in its handler");
        await using var service = await world.StartAsync(setup => setup.HandleInOrder(QueueOrder.ByKey, before: (message, _) => message.Number == 0 ? gate.PassAsync() : Task.CompletedTask));
        await service.ConsumingAsync();
        await world.SendAsync(Enumerable.Range(0, 30).Select(number => ("k", number)));
        await gate.WaitForCallersAsync();

        await service.Host.Services.GetRequiredService<IConsumers>().ChangeAsync(OrderedQueue.Name, "test", concurrency: null, prefetch: 3, lasting: false);
        await Consistently.EqualAsync(TimeSpan.FromSeconds(2), 0, world.CountEffectsAsync, "effects");
        gate.Open();

        await Eventually.EqualAsync(Enumerable.Range(0, 30), () => world.EffectsOfAsync("k"), "effects");
    }

    private static async Task ShouldHaveKeptOrderAsync(World world)
    {
        await Eventually.EqualAsync(Sent.Count, world.CountEffectsAsync, "effects", TimeSpan.FromMinutes(3));
        foreach (var key in Sent.Select(message => message.Key).Distinct())
        {
            (await world.EffectsOfAsync(key)).ShouldBe(Enumerable.Range(0, Each), key);
        }

        await world.ShouldHaveLeftNothingAsync();
        (await world.CountEffectsAsync()).ShouldBe(Sent.Count);
    }

    /// <summary>Processes of one service, of which the broker lets one handle.</summary>
    private sealed class Workers(World world, int count) : IAsyncDisposable
    {
        private readonly List<ChildProcess> _running = [];

        public async Task StartAsync()
        {
            for (var i = 0; i < count; i++)
            {
                await AddAsync();
            }
        }

        /// <summary>The one that has just said that it handles.</summary>
        private ChildProcess Active => _running.MaxBy(worker => worker.Output.Count)!;

        public IEnumerable<ChildProcess> Others(ChildProcess than) => _running.Where(worker => worker != than);

        public async Task KillActiveAsync()
        {
            var victim = Active;
            _running.Remove(victim);
            victim.Kill();
            await victim.DisposeAsync();
            await AddAsync();
        }

        public ChildProcess FreezeActive()
        {
            var victim = Active;
            victim.Freeze();
            return victim;
        }

        private async Task AddAsync()
        {
            var worker = world.StartProcess(Worker.InOrder);
            _running.Add(worker);
            await worker.WaitForLineAsync(line => line == "started", TimeSpan.FromSeconds(60));
        }

        public async ValueTask DisposeAsync()
        {
            foreach (var worker in _running)
            {
                await worker.DisposeAsync();
            }
        }
    }
}

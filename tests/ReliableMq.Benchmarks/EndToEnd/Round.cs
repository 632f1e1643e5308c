using Microsoft.EntityFrameworkCore;
using ReliableMq.TestSupport;

namespace ReliableMq.Benchmarks.EndToEnd;

/// <summary>One pipeline in one fresh place: warmed up, then driven as fast as it goes, then at a moderate rate.</summary>
internal static class Round
{
    private const int Senders = 8;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    public static async Task<Measurement> RunAsync(Scenario scenario, string pipelineName, int round, Size size)
    {
        await using var broker = await TestVirtualHost.CreateAsync();
        await using var sender = await TestDatabase.CreateAsync();
        await using var receiver = await TestDatabase.CreateAsync();
        var place = new Place(broker, sender, receiver);
        foreach (var database in new[] { sender, receiver })
        {
            await using var db = new BenchDb(new DbContextOptionsBuilder<BenchDb>().UseNpgsql(database.ConnectionString).Options);
            await db.Database.EnsureCreatedAsync();
        }

        using var commands = new CommandCount();
        await using IPipeline pipeline = pipelineName == "library" ? new LibraryPipeline(place, scenario) : new BaselinePipeline(place, scenario);
        await pipeline.StartAsync();
        await DriveAsync(pipeline, place, size.WarmUp, scenario.BatchSize);

        GC.Collect();
        var before = await Counters.ReadAsync(place, commands);
        var perSecond = await DriveAsync(pipeline, place, size.Messages, scenario.BatchSize);
        var own = await Counters.ReadAsync(place, commands);
        var latencies = await MeasureLatencyAsync(pipeline, size.LatencyMessages, size.Rate);
        return new Measurement(
            scenario.Name, pipelineName, round, perSecond, latencies[latencies.Length / 2], latencies[(int)(latencies.Length * 0.99)],
            (own.Cpu - before.Cpu).TotalMilliseconds / size.Messages, (own.Allocated - before.Allocated) / (double)size.Messages,
            (own.Commands - before.Commands) / (double)size.Messages,
            (own.WalBytes - before.WalBytes) / (double)size.Messages);
    }

    /// <returns>Messages a second.</returns>
    private static async Task<double> DriveAsync(IPipeline pipeline, Place place, int messages, int batchSize)
    {
        var arrivals = pipeline.Arrivals = new Arrivals(messages);
        var startedAt = TimeProvider.System.GetTimestamp();
        await Parallel.ForEachAsync(Enumerable.Range(0, messages / batchSize), new ParallelOptions { MaxDegreeOfParallelism = Senders },
            async (batch, _) => await pipeline.SendAsync(batch * batchSize, batchSize));
        await arrivals.All.WaitAsync(Patience, TimeProvider.System);
        var took = TimeProvider.System.GetElapsedTime(startedAt);
        await Eventually.EqualAsync(0, () => place.Sender.ScalarAsync<long>($"SELECT count(*) FROM {pipeline.OutboxTable}"), "messages not recorded as sent");
        return messages / took.TotalSeconds;
    }

    private static async Task<double[]> MeasureLatencyAsync(IPipeline pipeline, int messages, int rate)
    {
        var arrivals = pipeline.Arrivals = new Arrivals(messages);
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1.0 / rate), TimeProvider.System);
        var sending = new List<Task>(messages);
        for (var number = 0; number < messages; number++)
        {
            await timer.WaitForNextTickAsync();
            sending.Add(SendAsync(number));
        }

        await Task.WhenAll(sending);
        await arrivals.All.WaitAsync(Patience, TimeProvider.System);
        return arrivals.Latencies();

        async Task SendAsync(int number)
        {
            await pipeline.SendAsync(number, 1);
            arrivals.Committed(number);
        }
    }
}

/// <summary>How much a round does.</summary>
internal sealed record Size(int WarmUp, int Messages, int LatencyMessages, int Rate, int Rounds)
{
    public static readonly Size Full = new(WarmUp: 1_000, Messages: 10_000, LatencyMessages: 1_000, Rate: 100, Rounds: 5);

    public static readonly Size Short = new(WarmUp: 200, Messages: 1_000, LatencyMessages: 100, Rate: 100, Rounds: 1);
}

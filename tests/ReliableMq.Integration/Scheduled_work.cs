using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;
using Npgsql;
using Quartz;
using ReliableMq.Integration.Support;
using ReliableMq.Scheduling;
using ReliableMq.Storage;
using ReliableMq.TestSupport;
using Xunit;

namespace ReliableMq.Integration;

public class Scheduled_work
{
    [Fact]
    public async Task The_last_run_of_each_work_is_kept()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync();

        await Eventually.TrueAsync(async () => (await ReadAsync(service)).Count(work => work.Outcome == "done") >= 10, "all have run");

        var works = await ReadAsync(service);
        works.Select(work => work.Name).ShouldBe(["alert-housekeeping", "dead-letter-backlog", "dead-letter-housekeeping", "held-keys", "history-housekeeping", "inbox-housekeeping", "replay", "resend", "stranded-keys", "topology-check"]);
        var node = service.Host.Services.GetRequiredService<ServiceDatabases>().All.Single().Node;
        foreach (var work in works)
        {
            (work.Node, work.Host, work.Failures, work.Error).ShouldBe((node.Id, node.Host, 0, null));
            work.FinishedAt!.Value.ShouldBeGreaterThanOrEqualTo(work.StartedAt);
            work.Duration.ShouldNotBeNull();
            (work.NextAt - work.FinishedAt.Value).ShouldBe(work.Every, TimeSpan.FromMilliseconds(1));
        }
    }

    [Fact]
    public async Task Work_that_keeps_failing_is_told_until_it_succeeds()
    {
        var works = true;
        var probe = new Probe(_ => works ? throw new InvalidOperationException("No luck\u0000.") : Task.CompletedTask);
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(probe.AddTo);

        await Eventually.TrueAsync(async () => (await HealthAsync(service)).Status == HealthStatus.Degraded, "degraded");
        (await HealthAsync(service)).Description.ShouldNotBeNull().ShouldMatch("^\"probe\" has failed [0-9]+ times in a row: System.InvalidOperationException: No luck\ufffd.$");
        service.Logs.Entries.ShouldContain(entry => entry.EventId.Id == 8005 && entry.Message == "The scheduled work \"probe\" has failed 3 time(s) in a row; it runs again at its next time.");
        works = false;

        await Eventually.TrueAsync(async () => (await HealthAsync(service)).Status == HealthStatus.Healthy, "healthy");
    }

    [Fact]
    public async Task A_service_without_trouble_hears_nothing_from_Quartz()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup => setup.Services += services => services.Configure<LoggerFilterOptions>(filter => filter.Rules.Clear()));
        await Eventually.TrueAsync(async () => (await ReadAsync(service)).Count >= 3, "all have run");
        await service.StopAsync();

        service.Logs.Entries.Where(entry => entry.Category.StartsWith("Quartz", StringComparison.Ordinal)).ShouldBeEmpty();
    }

    [Fact]
    public async Task In_a_cluster_each_run_is_one_process_and_another_takes_over()
    {
        var (one, other) = (new Probe(), new Probe());
        await using var world = await World.CreateAsync();
        await using var first = await world.StartAsync(setup => OnCluster(setup, world, one));
        await using var second = await world.StartAsync(setup => OnCluster(setup, world, other));

        await Eventually.TrueAsync(() => one.Runs.Count + other.Runs.Count >= 8, "runs");
        await first.StopAsync();
        var before = other.Runs.Count;
        await Eventually.TrueAsync(() => other.Runs.Count >= before + 4, "the other goes on");

        // Whoever runs it, the next run is an interval later.
        var all = one.Runs.Concat(other.Runs).Order().ToList();
        all.Zip(all.Skip(1), (earlier, later) => later - earlier).ShouldAllBe(gap => gap > Probe.Each / 2);
        (await world.Database.ScalarAsync<long>("SELECT count(*) FROM qrtz_triggers WHERE trigger_group = 'ReliableMq tests'")).ShouldBe(11);
    }

    [Fact]
    public async Task Services_that_share_a_store_run_their_own_work_only()
    {
        var (orders, billing) = (new Probe(), new Probe());
        await using var world = await World.CreateAsync();
        await using var first = await world.StartAsync(setup => OnCluster(setup, world, orders, service: "orders"));
        await using var second = await world.StartAsync(setup => OnCluster(setup, world, billing, service: "billing"));

        await Eventually.TrueAsync(() => orders.Runs.Count >= 3 && billing.Runs.Count >= 3, "both run", TimeSpan.FromMinutes(2));

        (await world.Database.ScalarAsync<long>("SELECT count(DISTINCT trigger_group) FROM qrtz_triggers")).ShouldBe(2);
        (await NodesAsync(world, "orders_mq")).ShouldBe([NodeOf(first)]);
        (await NodesAsync(world, "billing_mq")).ShouldBe([NodeOf(second)]);
    }

    [Fact]
    public async Task A_trigger_in_the_store_is_kept_unless_its_interval_has_changed()
    {
        const string trigger = "SELECT t.start_time || ' ' || s.repeat_interval FROM qrtz_triggers t JOIN qrtz_simple_triggers s USING (sched_name, trigger_name, trigger_group) WHERE trigger_name = 'resend'";
        await using var world = await World.CreateAsync();
        await using (await world.StartAsync(setup => OnCluster(setup, world, new Probe())))
        {
        }

        var before = await world.Database.ScalarAsync<string>(trigger);
        await using (await world.StartAsync(setup => OnCluster(setup, world, new Probe())))
        {
            (await world.Database.ScalarAsync<string>(trigger)).ShouldBe(before);
        }

        await using (await world.StartAsync(setup =>
        {
            setup.Settings["Outbox:ResendInterval"] = "00:02:00";
            OnCluster(setup, world, new Probe());
        }))
        {
            (await world.Database.ScalarAsync<string>(trigger)).ShouldNotBeNull().ShouldEndWith(" 120000");
        }
    }

    [Fact]
    public async Task The_users_scheduler_is_neither_started_nor_shut_down()
    {
        var probe = new Probe();
        await using var factory = QuartzSchedulerBuilder.Create(quartz => quartz.UseInMemoryStore()).Build();
        var scheduler = await factory.GetScheduler();
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup =>
        {
            probe.AddTo(setup);
            setup.Services += services => services.AddReliableMq().UseScheduler(scheduler);
        });

        scheduler.Status.ShouldBe(SchedulerStatus.Created);
        (await scheduler.Exists(new JobKey("probe", "ReliableMq tests"))).ShouldBeTrue();
        await scheduler.Start();
        await Eventually.TrueAsync(() => probe.Runs.Count >= 2, "runs");
        await service.StopAsync();

        scheduler.Status.ShouldBe(SchedulerStatus.Running);
        var runs = probe.Runs.Count;
        await Consistently.EqualAsync(TimeSpan.FromSeconds(1), runs, () => probe.Runs.Count, "runs of a service that has stopped");
    }

    [Fact]
    public async Task A_store_that_cannot_be_reached_does_not_stop_the_start()
    {
        var probe = new Probe();
        var calls = 0;
        await using var factory = QuartzSchedulerBuilder.Create(quartz => quartz.UseInMemoryStore()).Build();
        var scheduler = await factory.GetScheduler();
        await scheduler.Start();
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup =>
        {
            probe.AddTo(setup);
            setup.Services += services => services.AddReliableMq().UseScheduler((_, _) =>
                Interlocked.Increment(ref calls) > 1 ? ValueTask.FromResult(scheduler) : throw new SchedulerException("The store is away."));
        });

        await Eventually.TrueAsync(() => probe.Runs.Count >= 1, "runs");
        service.Logs.Entries.ShouldContain(entry => entry.EventId.Id == 8007);
    }

    /// <summary>A node of a Quartz cluster as a user sets it up, with the world's database as its store.</summary>
    private static void OnCluster(TestServiceSetup setup, World world, Probe probe, string service = "tests")
    {
        setup.Settings["Service"] = service;
        setup.Settings["Database:Schema"] = service == "tests" ? "reliable_mq" : $"{service}_mq";
        probe.AddTo(setup);
        setup.Services += services =>
        {
            services.AddQuartz(quartz => quartz
                .ConfigureScheduler(scheduler => scheduler.InstanceName = "shared")
                .UsePersistentStore(store => store
                    .UsePostgres(NpgsqlFactory.Instance, world.Database.ConnectionString)
                    .UseClustering(cluster => cluster.CheckinInterval = TimeSpan.FromSeconds(1))
                    .ProvisionSchema()));
            services.AddQuartzHostedService();
            services.AddReliableMq().UseScheduler((provider, token) => provider.GetRequiredService<ISchedulerFactory>().GetScheduler(token));
        };
    }

    private static Task<List<ScheduledWorkState>> ReadAsync(TestService service) =>
        service.Host.Services.GetRequiredService<ScheduledWorkTable>().ReadAsync(CancellationToken.None);

    private static async Task<HealthReportEntry> HealthAsync(TestService service) => (await service.HealthAsync()).Entries["reliable-mq-scheduled-work"];

    private static Task<List<Guid>> NodesAsync(World world, string schema) =>
        world.Database.QueryAsync<Guid>($"SELECT DISTINCT node FROM {schema}.scheduled_work");

    private static Guid NodeOf(TestService service) => service.Host.Services.GetRequiredService<ServiceDatabases>().All.Single().Node.Id;

    private sealed class Probe(Func<int, Task>? run = null) : IScheduledWork
    {
        public static readonly TimeSpan Each = TimeSpan.FromMilliseconds(400);

        public ConcurrentQueue<TimeSpan> Runs { get; } = new();

        public string Name => "probe";

        public TimeSpan Interval => Each;

        public Task RunOnceAsync(CancellationToken cancellationToken)
        {
            Runs.Enqueue(TimeProvider.System.GetElapsedTime(0));
            return run?.Invoke(Runs.Count) ?? Task.CompletedTask;
        }

        public void AddTo(TestServiceSetup setup) => setup.Services += services => services.AddSingleton<IScheduledWork>(this);
    }
}

using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using ReliableMq.Handling;
using ReliableMq.Outbox;
using ReliableMq.Storage;

namespace ReliableMq.Tests.Hosting;

public sealed class RegistrationTests
{
    [Fact]
    public async Task Wrong_settings_stop_the_start_and_all_are_told()
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddReliableMq(options => options.Database.Schema = "X");
        using var host = builder.Build();

        var exception = await Should.ThrowAsync<OptionsValidationException>(() => host.StartAsync());

        exception.Failures.Count().ShouldBe(2);
    }

    [Fact]
    public void Repeated_calls_add_up_and_start_nothing_twice()
    {
        var services = new ServiceCollection();
        services.AddReliableMq().AddOutbox<OrdersDb>();
        var hosted = services.Count(service => service.ServiceType == typeof(IHostedService));

        services.AddReliableMq(new ConfigurationBuilder().Build()).AddOutbox<OrdersDb>().AddInbox<BillingDb>();
        services.AddReliableMq(_ => { });

        services.Count(service => service.ServiceType == typeof(IHostedService)).ShouldBe(hosted);
    }

    [Fact]
    public void A_context_that_is_outbox_and_inbox_is_one_database()
    {
        using var host = Build(builder => builder.AddOutbox<BillingDb>().AddInbox<BillingDb>().AddOutbox<OrdersDb>());

        var databases = host.Services.GetRequiredService<ServiceDatabases>();

        databases.All.Select(database => database.Key).ShouldBe([typeof(BillingDb), typeof(OrdersDb)], ignoreOrder: true);
        databases.Inboxes.ShouldBe([databases.For(typeof(BillingDb))]);
        databases.All.Select(database => database.Node.Id).Distinct().Count().ShouldBe(2);
    }

    [Fact]
    public void A_context_has_the_schema_that_one_of_the_calls_gave_or_the_configured_one()
    {
        using var host = Build(builder => builder.AddOutbox<BillingDb>().AddInbox<BillingDb>("billing_mq").AddOutbox<OrdersDb>());

        var databases = host.Services.GetRequiredService<ServiceDatabases>();

        databases.For(typeof(BillingDb)).Schema.ShouldBe("billing_mq");
        databases.For(typeof(OrdersDb)).Schema.ShouldBe("reliable_mq");
    }

    [Fact]
    public void The_outbox_of_a_context_without_one_is_told_with_the_remedy()
    {
        using var host = Build(builder => builder.AddOutbox<OrdersDb>());

        Should.Throw<ReliableMqException>(() => host.Services.GetRequiredService<IOutbox<BillingDb>>()).Message.ShouldBe(
            "The context \"BillingDb\" has no outbox. Call AddReliableMq(…).AddOutbox<BillingDb>() where the services are registered.");
    }

    [Fact]
    public void A_context_may_be_registered_before_or_after_its_outbox()
    {
        using var before = Build(builder => builder.Services.AddDbContext<OrdersDb>(context => context.UseNpgsql()), builder => builder.AddOutbox<OrdersDb>());
        using var after = Build(builder => builder.AddOutbox<OrdersDb>(), builder => builder.Services.AddDbContextFactory<OrdersDb>(context => context.UseNpgsql()));
        foreach (var host in new[] { before, after })
        {
            using var scope = host.Services.CreateScope();
            OutboxOptionsExtension.Find(scope.ServiceProvider.GetRequiredService<OrdersDb>()).ShouldNotBeNull();
        }
    }

    [Fact]
    public void Handlers_are_gathered_by_queue_with_the_settings_in_force()
    {
        using var host = Build(builder =>
        {
            builder.AddInbox<BillingDb>().AddHandler(Some.Handler("A", "billing", "orders.order-placed.v1", retry: "2s"))
                .AddHandler(Some.Handler("B", "billing", "orders.order-shipped.v1"))
                .AddHandler(Some.Handler("C", "audit", "orders.order-placed.v1"));
            builder.Services.AddReliableMq(options => options.Queues["audit"] = new QueueOptions { Concurrency = 3 });
        });

        var queues = host.Services.GetRequiredService<HandlerRegistry>().Queues.ToDictionary(queue => queue.Settings.Queue);

        queues.Keys.ShouldBe(["billing", "audit"], ignoreOrder: true);
        queues["billing"].MessageNames.ShouldBe(["orders.order-placed.v1", "orders.order-shipped.v1"], ignoreOrder: true);
        queues["billing"].Find(Some.Delivery(routingKey: "orders.order-shipped.v1"))!.Handler.HandlerName.ShouldBe("B");
        queues["billing"].Find(Some.Delivery(routingKey: "orders.unknown.v1")).ShouldBeNull();
        queues["billing"].Settings.Retry.Delays.ShouldBe([TimeSpan.FromSeconds(2)]);
        queues["audit"].Settings.Concurrency.ShouldBe(3);
    }

    [Fact]
    public async Task Dead_letters_without_an_inbox_are_refused()
    {
        using var host = Build(builder => builder.AddOutbox<OrdersDb>());

        var deadLetters = host.Services.GetRequiredService<IDeadLetters>().ListAsync();

        (await Should.ThrowAsync<ReliableMqException>(async () => await deadLetters.GetAsyncEnumerator().MoveNextAsync())).Message.ShouldBe(
            "This service has no inbox, so it has no dead letters. Call AddReliableMq(…).AddInbox<TContext>().");
    }

    [Fact]
    public async Task A_service_without_databases_is_healthy()
    {
        using var host = Build(_ => { });

        var report = await host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync();

        report.Status.ShouldBe(HealthStatus.Healthy);
        report.Entries.Select(entry => $"{entry.Key}: {entry.Value.Description}").ShouldBe([
            "reliable-mq-broker: No outbox and no handlers are in use, and nothing was published.",
            "reliable-mq-topology: Not checked yet.",
            "reliable-mq-consumers: Consuming 0 queue(s).",
            "reliable-mq-dead-letter-queues: No dead letters wait in their queues.",
            "reliable-mq-outbox: Messages leave in time.",
            "reliable-mq-alerts: Alerts are told.",
            "reliable-mq-open-alerts: No alert is open.",
            "reliable-mq-scheduled-work: Scheduled work succeeds.",
        ], ignoreOrder: true);
    }

    [Fact]
    public async Task A_service_that_has_not_connected_is_unhealthy_and_says_why()
    {
        using var host = Build(builder => builder.AddOutbox<OrdersDb>(), builder => builder.Services.AddDbContext<OrdersDb>(context => context.UseNpgsql()));
        host.Services.GetRequiredService<ServiceDatabases>().For(typeof(OrdersDb)).LastError = "no route";

        var report = await host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync();

        report.Status.ShouldBe(HealthStatus.Unhealthy);
        report.Entries["reliable-mq-broker"].Description.ShouldBe("No connection to RabbitMQ: connecting");
        report.Entries["reliable-mq-outbox"].Description.ShouldBe("The database of \"OrdersDb\" is not ready: no route");
    }

    [Fact]
    public void Nothing_is_no_argument()
    {
        Should.Throw<ArgumentNullException>(() => ((IServiceCollection)null!).AddReliableMq());
        Should.Throw<ArgumentNullException>(() => new ServiceCollection().AddReliableMq((IConfiguration)null!));
        Should.Throw<ArgumentNullException>(() => ((ReliableMqBuilder)null!).AddOutbox<OrdersDb>());
        Should.Throw<ArgumentNullException>(() => new ServiceCollection().AddReliableMq().AddHandler(null!));
    }

    private static IHost Build(params Action<ReliableMqBuilder>[] configure)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new() { ApplicationName = "orders" });
        var reliableMq = builder.Services.AddReliableMq(options => options.Broker.Hosts = "never.connected.invalid");
        Array.ForEach(configure, action => action(reliableMq));
        return builder.Build();
    }
}

using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using RabbitMQ.Client;
using ReliableMq.Handling;
using ReliableMq.Receiving;
using ReliableMq.TestSupport;

namespace ReliableMq.Tests.Handling;

public sealed class NoInboxProcessorTests
{
    private readonly ManualTimeProvider _time = new();

    [Theory]
    [InlineData("00:00:07", "00:00:07")]
    [InlineData("00:10:00", "00:10:00")]
    [InlineData("300.00:00:00", "00:10:00")]
    public async Task A_message_whose_time_has_not_come_is_held_for_what_the_consumer_timeout_allows(string wait, string held)
    {
        var (settlement, _) = await ProcessAsync(TimeSpan.Parse(wait, System.Globalization.CultureInfo.InvariantCulture), new HoldBudget(10));

        settlement.ShouldBe(Settlement.RequeueAfter(TimeSpan.Parse(held, System.Globalization.CultureInfo.InvariantCulture), isRecorded: true));
    }

    [Fact]
    public async Task Beyond_what_may_be_held_it_comes_back_each_second_so_that_others_get_their_turn()
    {
        var holds = new HoldBudget(2);

        (await ProcessAsync(TimeSpan.FromHours(1), holds)).Settlement.Delay.ShouldBe(TimeSpan.FromMinutes(10));
        (await ProcessAsync(TimeSpan.FromHours(1), holds)).Settlement.Delay.ShouldBe(TimeSpan.FromSeconds(1));
    }

    [Theory]
    [InlineData(50)]
    [InlineData(0)]
    [InlineData(-3_600_000)]
    public async Task A_message_whose_time_has_come_is_handled(int milliseconds)
    {
        var (settlement, handled) = await ProcessAsync(TimeSpan.FromMilliseconds(milliseconds), new HoldBudget(10));

        settlement.ShouldBe(Settlement.Ack);
        handled.ShouldBe(3, "the attempt that the copy is for");
    }

    private async Task<(Settlement Settlement, int HandledAttempt)> ProcessAsync(TimeSpan wait, HoldBudget holds)
    {
        var attempt = 0;
        var builder = Host.CreateEmptyApplicationBuilder(new() { ApplicationName = "orders-service" });
        builder.Services.AddSingleton<TimeProvider>(_time);
        builder.Services.AddReliableMq(options => options.Broker.Hosts = "rabbit").AddHandler(new HandlerDefinition
        {
            Queue = "billing", MessageName = "orders.order-placed.v1", MessageType = typeof(OrderPlaced), HandlerName = "handler", Inbox = typeof(NoInbox),
            Invoke = (_, _, context) =>
            {
                attempt = context.Attempt;
                return ValueTask.CompletedTask;
            },
        });
        using var host = builder.Build();
        var processor = ActivatorUtilities.CreateInstance<NoInboxProcessor>(host.Services, host.Services.GetRequiredService<HandlerRegistry>().Queues.Single());
        var properties = new BasicProperties
        {
            Type = "orders.order-placed.v1",
            Headers = new Dictionary<string, object?> { [MessageHeaders.Attempt] = 3, [MessageHeaders.NotBefore] = (_time.GetUtcNow() + wait).ToUnixTimeMilliseconds() },
        };
        var delivery = Delivery.From("billing", 1, redelivered: false, "", "billing", properties, "{}"u8.ToArray(), _time);
        return (await processor.ProcessAsync(delivery, holds, CancellationToken.None), attempt);
    }
}

using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using ReliableMq.Integration.Support;
using ReliableMq.TestSupport;
using Xunit;

namespace ReliableMq.Integration;

public class Who_did_what
{
    [Fact]
    public async Task Messages_sent_now_and_cancelled_stand_in_the_audit_with_their_number()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync();
        var pending = service.Host.Services.GetRequiredService<IPendingMessages>();
        await service.UseAsync(async db =>
        {
            for (var number = 0; number < 3; number++)
            {
                db.AddMessage(new Numbered(number), new MessageOptions { DeliverAfter = TimeSpan.FromHours(1) });
            }

            await db.SaveChangesAsync();
        });

        await pending.CancelAsync(new() { State = PendingState.Scheduled }, "maria");
        await pending.SendNowAsync(new() { MessageId = "none" }, "joe");

        (await AuditAsync(world)).ShouldBe(["""maria cancel {"state":"Scheduled"} 3"""]);
        await Should.ThrowAsync<ArgumentException>(() => pending.CancelAsync(new(), " "));
        await Should.ThrowAsync<ArgumentException>(() => pending.SendNowAsync(new(), ""));
    }

    [Fact]
    public async Task Changes_of_consumers_stand_in_the_audit()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup => setup.HandleNumbered());
        var consumers = service.Host.Services.GetRequiredService<IConsumers>();

        await consumers.PauseAsync("tests.numbers", "maria", lasting: true);
        await consumers.ResumeAsync("tests.numbers", "joe");
        await consumers.ChangeAsync("tests.numbers", "maria", concurrency: 3, prefetch: 30, lasting: false);
        await consumers.ResetAsync("tests.numbers", "maria");
        await Should.ThrowAsync<ReliableMqException>(() => consumers.PauseAsync("tests.nmbers", "maria", lasting: true));

        (await AuditAsync(world)).ShouldBe([
            "maria pause tests.numbers lasting", "joe resume tests.numbers ",
            "maria change tests.numbers concurrency 3, prefetch 30, for those that run", "maria reset tests.numbers "]);
        await Should.ThrowAsync<ArgumentException>(() => consumers.PauseAsync("tests.numbers", " ", lasting: true));
    }

    [Fact]
    public async Task A_key_that_was_let_go_on_stands_in_the_audit()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup => setup.HandleNumbered());
        await service.ConsumingAsync();
        var parked = service.Host.Services.GetRequiredService<IParkedMessages>();
        await world.Database.ExecuteAsync(
            "INSERT INTO reliable_mq.failure (queue, message_id, epoch, attempts, state, ordering_key) VALUES ('tests.numbers', 'lost', 0, 1, 'failing', 'k')");

        (await parked.GoOnAsync("tests.numbers", "k", "maria")).ShouldBeFalse("nothing was parked, but the key is free now");
        (await parked.GoOnAsync("tests.numbers", "k", "joe")).ShouldBeFalse();

        (await AuditAsync(world)).ShouldBe(["maria go-on tests.numbers k "]);
        (await world.Database.ScalarAsync<bool>("SELECT ordering_key IS NULL FROM reliable_mq.failure")).ShouldBeTrue();
        await Should.ThrowAsync<ArgumentException>(() => parked.GoOnAsync("tests.numbers", "k", " "));
    }

    private static async Task<IEnumerable<string>> AuditAsync(World world) =>
        await world.Database.QueryAsync<string>("SELECT who || ' ' || action || ' ' || target || ' ' || coalesce(details, '') FROM reliable_mq.audit ORDER BY id");
}

using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using ReliableMq.Integration.Support;
using ReliableMq.TestSupport;
using Xunit;

namespace ReliableMq.Integration;

public class Alerts_reach_people
{
    private const string Secret = "a secret of the receiver";

    [Fact]
    public async Task A_webhook_gets_signed_json_and_gets_it_again_until_it_takes_it()
    {
        await using var receiver = new WebReceiver { Status = HttpStatusCode.ServiceUnavailable };
        await using var world = await World.CreateAsync();
        await using var service = await StartAsync(world, ("Alerts:Webhook:Url", receiver.Url), ("Alerts:Webhook:Secret", Secret));

        await service.SaveAsync(new Numbered(1));

        await Eventually.TrueAsync(() => receiver.Received.Count >= 2, "posted again after a refusal");
        receiver.Status = HttpStatusCode.NoContent;
        await Eventually.EqualAsync([true], () => ToldAsync(world, "webhook"), "told");
        var posted = receiver.Received[^1];
        (posted.Method, posted.ContentType).ShouldBe(("POST", "application/json; charset=utf-8"));
        posted.Signature.ShouldBe("sha256=" + Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(Secret), posted.Body)));
        var alert = JsonDocument.Parse(posted.Body).RootElement;
        alert.GetProperty("service").GetString().ShouldBe("tests");
        alert.GetProperty("kind").GetString().ShouldBe("dead-letter");
        alert.GetProperty("group").GetString().ShouldBe("tests.numbers: PermanentFailureException");
        alert.GetProperty("severity").GetString().ShouldBe("Error");
        alert.GetProperty("newCount").GetInt32().ShouldBe(1);
        alert.GetProperty("examples")[0].GetProperty("reason").GetString().ShouldBe("no such customer");
        (await world.Database.QueryAsync<string>("SELECT coalesce(error, '') FROM reliable_mq.alert_telling WHERE sink = 'log'")).ShouldBe([""]);
        service.Logs.Entries.ShouldContain(entry => entry.EventId.Id == 9003
            && entry.Exception!.Message == $"\"{receiver.Url}\" answered 503 (Service Unavailable). An alert is taken with a status of 200 to 299.");
    }

    [Fact]
    public async Task A_webhook_that_redirects_has_not_taken_it()
    {
        await using var elsewhere = new WebReceiver();
        await using var receiver = new WebReceiver { Status = HttpStatusCode.TemporaryRedirect, Location = elsewhere.Url };
        await using var world = await World.CreateAsync();
        await using var service = await StartAsync(world, ("Alerts:Webhook:Url", receiver.Url), ("Alerts:Webhook:Secret", Secret));

        await service.SaveAsync(new Numbered(1));

        await Eventually.TrueAsync(() => receiver.Received.Count >= 2, "posted again");
        elsewhere.Received.ShouldBeEmpty();
        (await ToldAsync(world, "webhook")).ShouldBe([false]);
    }

    [Fact]
    public async Task A_mailbox_gets_what_happened_and_gets_it_again_until_its_server_takes_it()
    {
        await using var server = new MailServer { Answer = "451 later" };
        await using var world = await World.CreateAsync();
        await using var service = await StartAsync(world,
            ("Alerts:Email:Host", "127.0.0.1"), ("Alerts:Email:Port", server.Port.ToString(CultureInfo.InvariantCulture)), ("Alerts:Email:UseTls", "false"),
            ("Alerts:Email:From", "reliable-mq@shop.example"), ("Alerts:Email:To", "on-call@shop.example, lead@shop.example"));

        await service.SaveAsync(new Numbered(1));
        await service.Logs.WaitForAsync(entry => entry.EventId.Id == 9003, "the refusal");
        server.Answer = "250 taken";

        await Eventually.EqualAsync([true], () => ToldAsync(world, "email"), "told");
        var mail = server.Received.ShouldHaveSingleItem();
        mail.To.ShouldBe(["on-call@shop.example", "lead@shop.example"]);
        mail.Text.ShouldContain("From: reliable-mq@shop.example");
        mail.Text.ShouldContain("Subject: [tests] dead-letter: tests.numbers: PermanentFailureException (1 new)");
        mail.Text.ShouldContain("no such customer");
    }

    private static Task<TestService> StartAsync(World world, params (string Key, string Value)[] settings) => world.StartAsync(setup =>
    {
        foreach (var (key, value) in settings)
        {
            setup.Settings[key] = value;
        }

        setup.HandleNumbered(before: (_, _) => throw new PermanentFailureException("no such customer"));
    });

    private static async Task<IEnumerable<bool>> ToldAsync(World world, string sink) =>
        await world.Database.QueryAsync<bool>($"SELECT told_at IS NOT NULL FROM reliable_mq.alert_telling JOIN reliable_mq.alert ON id = alert_id WHERE sink = '{sink}' AND kind = 'dead-letter'");
}

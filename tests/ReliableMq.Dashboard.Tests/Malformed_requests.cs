using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using ReliableMq.Dashboard.Api;
using ReliableMq.Dashboard.Tests.Support;

namespace ReliableMq.Dashboard.Tests;

public sealed class Malformed_requests
{
    [Theory]
    [InlineData("outbox?state=gone", "state", "\"state\" is \"gone\". Use one of pending, scheduled, retrying, failed, sent, expired, cancelled.")]
    [InlineData("outbox?state=Failed", "state", "\"state\" is \"Failed\". Use one of pending, scheduled, retrying, failed, sent, expired, cancelled.")]
    [InlineData("outbox?sate=failed", "sate", "There is no parameter \"sate\" here. Known: service, state, messageId, name, orderingKey, correlationId, destination, errorKind, text, from, until, limit, cursor.")]
    [InlineData("outbox?limit=0", "limit", "\"limit\" is \"0\". Use a number from 1 to 200.")]
    [InlineData("outbox?limit=99999999999999", "limit", "\"limit\" is \"99999999999999\". Use a number from 1 to 200.")]
    [InlineData("outbox?limit=1&limit=2", "limit", "\"limit\" is given 2 times. Give it once.")]
    [InlineData("outbox?name=", "name", "\"name\" is empty. Leave it out, or give a value.")]
    [InlineData("outbox?name=%00", "name", "\"name\" contains the character U+0000, which the database cannot hold.")]
    [InlineData("outbox?from=yesterday", "from", "\"from\" is \"yesterday\". Use a time such as 2026-01-31T12:00:00Z.")]
    [InlineData("outbox?from=0001-01-01T00:00:00Z", "from", "\"from\" is \"0001-01-01T00:00:00Z\". Use a time such as 2026-01-31T12:00:00Z.")]
    [InlineData("outbox?cursor=nonsense", "cursor", "The cursor is not one that was given out. Begin without one.")]
    [InlineData("outbox?cursor=eyJvcmRlcnMiOlsieCJdfQ", "cursor", "The cursor is not one that was given out. Begin without one.")]
    [InlineData("messages", "id", "\"id\" is missing. The message's id.")]
    [InlineData("alerts?resolved=1", "resolved", "\"resolved\" is \"1\". Use true or false.")]
    public async Task Each_is_answered_with_its_reason(string address, string parameter, string detail)
    {
        await using var rows = await ServiceRows.CreateAsync("orders");
        await using var host = await DashboardHost.StartAsync(options => options.AddService("orders", rows.Database.DataSource));

        var problem = await (await host.SendAsync(HttpMethod.Get, "reliable-mq/api/v1/" + address)).ProblemAsync(HttpStatusCode.BadRequest);

        ((string)problem["parameter"]!, (string)problem["detail"]!).ShouldBe((parameter, detail));
    }

    [Theory]
    [InlineData("outbox?service=nobody", "There is no service \"nobody\". Known: orders.")]
    [InlineData("outbox/orders/nonsense", "There is nothing with the id \"nonsense\" here, or not any more. Look at the list.")]
    [InlineData("outbox/orders/WyJ4Il0", "There is nothing with the id \"WyJ4Il0\" here, or not any more. Look at the list.")]
    [InlineData("dead-letters/orders/WyJxIiwibSIsIjk5OTk5OTk5OTkiXQ", "There is nothing with the id \"WyJxIiwibSIsIjk5OTk5OTk5OTkiXQ\" here, or not any more. Look at the list.")]
    [InlineData("inbox/orders/WyJxIiwibSJd", "There is nothing with the id \"WyJxIiwibSJd\" here, or not any more. Look at the list.")]
    [InlineData("messages?id=unknown", "No service knows a message \"unknown\". It may have been removed from the history, or its id is another.")]
    public async Task What_is_not_there_is_not_found(string address, string detail)
    {
        await using var rows = await ServiceRows.CreateAsync("orders");
        await using var host = await DashboardHost.StartAsync(options => options.AddService("orders", rows.Database.DataSource));

        (await (await host.SendAsync(HttpMethod.Get, "reliable-mq/api/v1/" + address)).DetailAsync(HttpStatusCode.NotFound)).ShouldBe(detail);
    }

    [Theory]
    [InlineData("{", HttpStatusCode.BadRequest)]
    [InlineData("null", HttpStatusCode.BadRequest)]
    [InlineData("[]", HttpStatusCode.BadRequest)]
    [InlineData("{}", HttpStatusCode.BadRequest)]
    [InlineData("""{"service":null,"ids":["x"]}""", HttpStatusCode.BadRequest)]
    [InlineData("""{"service":"orders"}""", HttpStatusCode.BadRequest)]
    [InlineData("""{"service":"orders","ids":[]}""", HttpStatusCode.BadRequest)]
    [InlineData("""{"service":"orders","ids":[null]}""", HttpStatusCode.BadRequest)]
    [InlineData("""{"service":"orders","ids":["x"],"filter":{}}""", HttpStatusCode.BadRequest)]
    [InlineData("""{"service":"orders","filter":{}}""", HttpStatusCode.BadRequest)]
    [InlineData("""{"service":"orders","filter":{},"expectedCount":-1}""", HttpStatusCode.BadRequest)]
    [InlineData("""{"service":"orders","filter":{},"expectedCount":"1"}""", HttpStatusCode.BadRequest)]
    [InlineData("""{"service":"orders","filter":{"sate":"failed"},"expectedCount":1}""", HttpStatusCode.BadRequest)]
    [InlineData("""{"service":"orders","filter":{"state":null},"expectedCount":1}""", HttpStatusCode.BadRequest)]
    [InlineData("""{"service":"orders","filter":{"state":"sent"},"expectedCount":1}""", HttpStatusCode.BadRequest)]
    [InlineData("""{"service":"orders","filter":{},"expectedCount":1,"dryRun":true}""", HttpStatusCode.BadRequest)]
    [InlineData("""{"service":"orders","filter":{},"filter":{},"expectedCount":1}""", HttpStatusCode.BadRequest)]
    [InlineData("""{"service":"nobody","ids":["x"]}""", HttpStatusCode.NotFound)]
    [InlineData("""{"service":"orders","ids":["x"]}""", HttpStatusCode.NotFound)]
    public async Task A_change_that_is_not_clear_changes_nothing(string body, HttpStatusCode status)
    {
        await using var rows = await ServiceRows.CreateAsync("orders");
        await rows.PendingAsync(1);
        await using var host = await DashboardHost.StartAsync(options => options.AddService("orders", rows.Database.DataSource));

        var problem = await (await host.PostAsync("outbox/cancel", new { }, request => request.Content = new StringContent(body, Encoding.UTF8, "application/json"))).ProblemAsync(status);

        ((string)problem["detail"]!).ShouldNotBeEmpty();
        (await rows.Database.ScalarAsync<long>("SELECT count(*) FROM reliable_mq.outbox")).ShouldBe(1);
    }

    [Fact]
    public async Task Only_JSON_is_taken()
    {
        await using var host = await DashboardHost.StartAsync();

        (await (await host.PostAsync("outbox/cancel", new { }, request => request.Content = new StringContent("{}", Encoding.UTF8, "text/plain"))).DetailAsync(HttpStatusCode.UnsupportedMediaType))
            .ShouldBe("The content type is \"text/plain; charset=utf-8\". Send application/json.");
    }

    [Fact]
    public async Task Whatever_the_query_is_the_answer_is_a_page_or_a_reason()
    {
        await using var rows = await ServiceRows.CreateAsync("orders");
        await rows.PendingAsync(3);
        await rows.DeadAsync(3);
        await using var host = await DashboardHost.StartAsync(options => options.AddService("orders", rows.Database.DataSource));
        var routes = host.Services.GetRequiredService<ApiRoutes>().All.Where(route => route is { Method: "GET", Path: not "live" }).ToList();
        var cursor = (string)(await host.GetAsync("outbox?limit=1"))["next"]!;
        var seed = Random.Shared.Next();
        var random = new Random(seed);
        string[] values = ["", "0", "-1", "1", "2147483648", "true", "failed", "done", "waiting", "orders", "nobody", "%00", "%F0%9F%98%80", "%ED%A0%80", "2026-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "'%3B--", "'%20OR%201%3D1%3BDROP%20TABLE%20reliable_mq.outbox--", "%3Cscript%3Ealert(1)%3C%2Fscript%3E", "%EF%BF%BD", "1e999", "0x10", "%2B00%3A00", "%25", "\\", cursor, cursor[..^3], new string('x', 1500), "{}", "WyJxIiwibSIsIjAiXQ", "../.."];

        for (var i = 0; i < (Environment.GetEnvironmentVariable("RELIABLEMQ_LONG") == "1" ? 20_000 : 400); i++)
        {
            var route = routes[random.Next(routes.Count)];
            var path = route.Path.Replace("{service}", random.Next(3) == 0 ? "nobody" : "orders", StringComparison.Ordinal).Replace("{id}", Uri.EscapeDataString(Pick()), StringComparison.Ordinal);
            var query = string.Join('&', Enumerable.Range(0, random.Next(4)).Select(_ => $"{Name(route)}={Pick()}"));
            var response = await host.SendAsync(HttpMethod.Get, $"reliable-mq/api/v1/{path}?{query}");

            ((int)response.StatusCode).ShouldBeLessThan(500, $"seed {seed}: {path}?{query}: {await response.Content.ReadAsStringAsync()}");
            if ((int)response.StatusCode >= 400)
            {
                ((string)JsonNode.Parse(await response.Content.ReadAsStringAsync())!["detail"]!).ShouldNotBeEmpty($"seed {seed}: {path}?{query}");
            }
        }

        string Pick() => values[random.Next(values.Length)];

        string Name(ApiRoute route) => route.Parameters.Count == 0 || random.Next(10) == 0 ? "x" : route.Parameters[random.Next(route.Parameters.Count)].Name;
    }
}

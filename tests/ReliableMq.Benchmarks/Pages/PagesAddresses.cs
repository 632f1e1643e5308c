using System.Text.Json.Nodes;

namespace ReliableMq.Benchmarks.Pages;

/// <summary>What the pages ask for: first views, filters, second pages, counts, single rows, searches that find much, little and nothing.</summary>
internal static class PagesAddresses
{
    private static readonly string[] Fixed =
    [
        "session", "overview", "rates?minutes=60", "rates?minutes=1440", "rates?minutes=10080",
        "outbox", "outbox?state=pending", "outbox?state=scheduled", "outbox?state=retrying", "outbox?state=failed", "outbox?state=sent", "outbox?state=expired", "outbox?state=cancelled",
        "outbox?name=orders.order-paid.v1", "outbox?name=no-such-name", "outbox?state=sent&name=no-such-name", "outbox?orderingKey=no-such-key", "outbox?correlationId=order-77", "outbox?text=NO_ROUTE", "outbox?text=not-there",
        "outbox?messageId=not-there", "outbox?state=sent&messageId=not-there", "outbox?state=sent&correlationId=order-77", "outbox?state=sent&orderingKey=no-such-key", "outbox?state=sent&destination=orders",
        "outbox/counts", "outbox/counts?name=orders.order-paid.v1", "outbox/counts?name=no-such-name", "outbox/counts?correlationId=order-77", "outbox/counts?text=not-there",
        "inbox", "inbox?state=scheduled", "inbox?state=done", "inbox?state=done&queue=billing.order-paid", "inbox?state=done&queue=no-such-queue", "inbox?state=done&messageId=not-there", "inbox?text=not-there", "inbox?errorType=System.TimeoutException",
        "inbox/counts", "inbox/counts?queue=billing.order-paid", "parked",
        "dead-letters", "dead-letters?state=replayed", "dead-letters?errorType=System.TimeoutException", "dead-letters?queue=billing.order-paid&errorType=Npgsql.PostgresException", "dead-letters?text=not-there", "dead-letters?messageId=not-there",
        "dead-letters?name=no-such-name", "dead-letters/count", "dead-letters/count?errorType=System.TimeoutException", "dead-letters/count?text=not-there", "dead-letters/groups", "dead-letters/groups?queue=billing.order-paid", "replays",
        "messages?id=dead-777", "search?q=not-there", "search?q=order-77", "search?q=orders.order-paid.v1", "search?q=customer-770", "search?q=no%20answer%20from%20customer%20777", "search?q=dead-777",
        "queues", "alerts", "alerts?resolved=true", "nodes", "schedule", "audit", "audit?who=nobody", "audit?action=replay",
    ];

    public static async Task<IReadOnlyList<string>> AllAsync(HttpClient client)
    {
        var all = new List<string>(Fixed);
        foreach (var list in new[] { "outbox", "outbox?state=sent", "inbox", "inbox?state=done", "dead-letters", "audit" })
        {
            var page = (await ReadAsync(client, list))!;
            var what = list.Split('?')[0];
            var row = page["items"]![0]!;
            all.Add($"{list}{(list.Contains('?', StringComparison.Ordinal) ? '&' : '?')}cursor={page["next"]}");
            if (what != "audit")
            {
                all.Add($"{what}/{row["service"]}/{row["id"]}");
            }

            if (row["messageId"] is { } message)
            {
                all.Add($"messages?id={message}");
                all.Add($"search?q={message}");
            }
        }

        return all;
    }

    /// <summary>Without what is long and says nothing.</summary>
    public static string Shown(string address) => address.Split("cursor=") is [var start, _] ? start + "cursor=…" : address.Length > 60 ? address[..60] + "…" : address;

    private static async Task<JsonNode?> ReadAsync(HttpClient client, string address) => JsonNode.Parse(await client.GetStringAsync(new Uri(address, UriKind.Relative)));
}

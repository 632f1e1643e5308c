// The code of docs/dead-letters.md. A test compares it with what stands between the marks.
using System.Text;
using ReliableMq;

namespace Snippets;

public static class DeadLetterSnippets
{
    public static async Task ReplayOneAsync(IDeadLetters deadLetters, DeadLetterId id, CancellationToken ct)
    {
        // begin: replay-one
        await deadLetters.ReplayAsync(id, who: "maria", cancellationToken: ct);
        // end: replay-one
    }

    public static async Task ReplayMendedAsync(IDeadLetters deadLetters, DeadLetterId id, CancellationToken ct)
    {
        // begin: replay-mended
        await deadLetters.ReplayAsync(id, who: "maria", new ReplayOptions
        {
            Body = Encoding.UTF8.GetBytes("""{ "orderId": "0197…", "total": 12.50 }"""),
            Headers = new Dictionary<string, string?> { ["tenant"] = "north" },
        }, ct);
        // end: replay-mended
    }

    public static async Task ReplayManyAsync(IDeadLetters deadLetters, CancellationToken ct)
    {
        // begin: replay-many
        var filter = new DeadLetterFilter { Queue = "billing.order-placed", ExceptionType = "System.TimeoutException" };
        await deadLetters.ReplayAsync(filter, who: "maria", new ReplayManyOptions { PerSecond = 200 }, ct);

        foreach (var replay in await deadLetters.ListReplaysAsync(ct))
        {
            Console.WriteLine($"{replay.Id}: {replay.Replayed} sent, {replay.Refused} refused {replay.Refusal}");
        }
        // end: replay-many
    }

    public static async Task DiscardAsync(IDeadLetters deadLetters, CancellationToken ct)
    {
        // begin: discard
        await deadLetters.DiscardAsync(new DeadLetterFilter { CorrelationId = "load-test-7" }, who: "maria", "A load test.", ct);

        await using var file = File.Create("dead-letters.jsonl");
        await deadLetters.ExportAsync(new DeadLetterFilter { State = DeadLetterState.Discarded }, file, ct);
        // end: discard
    }
}

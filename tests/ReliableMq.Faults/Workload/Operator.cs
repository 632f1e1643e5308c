using System.Text.Json;
using Microsoft.Extensions.Hosting;
using Npgsql;

namespace ReliableMq.Faults.Workload;

/// <summary>
/// Looks after dead letters as a person would: some time after their death it mends what can be mended and replays it, one
/// by one or all at once, and poison, too, but that only once. What died for good it discards. What had no reason to die
/// it leaves where it is, for the checker to see.
/// </summary>
internal sealed class Operator(IDeadLetters deadLetters, NpgsqlDataSource database, TimeProvider time) : BackgroundService
{
    private static readonly TimeSpan Reaction = TimeSpan.FromSeconds(4);
    private static readonly JsonSerializerOptions Web = new(JsonSerializerDefaults.Web);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        for (var sweep = 0; !stoppingToken.IsCancellationRequested; sweep++)
        {
            await Task.Delay(TimeSpan.FromSeconds(2), time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            try
            {
                var mended = new List<DeadLetter>();
                await foreach (var dead in deadLetters.ListAsync(cancellationToken: stoppingToken))
                {
                    if (dead.DeadAt + Reaction < time.GetUtcNow())
                    {
                        await LookAfterAsync(dead, mended, stoppingToken);
                    }
                }

                await ReplayAsync(mended, sweep, stoppingToken);
            }
            catch (Exception error) when (error is not OutOfMemoryException)
            {
                await Console.Error.WriteLineAsync($"operator: {error.Message}");
            }
        }
    }

    private async Task LookAfterAsync(DeadLetter dead, List<DeadLetter> mended, CancellationToken cancellationToken)
    {
        var work = JsonSerializer.Deserialize<Item>(dead.Body.Span, Web)!;
        switch (work.Fate)
        {
            case { IsPoison: true } when dead.Epoch == 0:
                await ReplayAsync(dead, cancellationToken);
                break;
            case { IsHopeless: true }:
                await deadLetters.DiscardAsync(new DeadLetterFilter { Queue = dead.Queue, MessageId = dead.MessageId }, who: "operator", reason: "It is hopeless.", cancellationToken);
                break;
            case { NeedsMending: true }:
                await using (var mend = database.CreateCommand("INSERT INTO mended VALUES ($1) ON CONFLICT DO NOTHING"))
                {
                    mend.Parameters.Add(new() { Value = work.Id });
                    await mend.ExecuteNonQueryAsync(cancellationToken);
                }

                mended.Add(dead);
                break;
        }
    }

    /// <summary>Every other time all at once, and every other of these is given up at once: what it has not sent waits for the next.</summary>
    private async Task ReplayAsync(List<DeadLetter> mended, int sweep, CancellationToken cancellationToken)
    {
        if (mended.Count > 0 && sweep % 2 == 1)
        {
            var replays = await deadLetters.ReplayAsync(
                new DeadLetterFilter { ExceptionType = typeof(PermanentFailureException).FullName, DeadUntil = mended.Max(dead => dead.DeadAt).AddMicroseconds(1) },
                who: "operator", cancellationToken: cancellationToken);
            if (sweep % 4 == 1)
            {
                await deadLetters.CancelReplayAsync(replays[0].Id, who: "operator", cancellationToken: cancellationToken);
            }

            return;
        }

        foreach (var dead in mended)
        {
            await ReplayAsync(dead, cancellationToken);
        }
    }

    private async Task ReplayAsync(DeadLetter dead, CancellationToken cancellationToken)
    {
        try
        {
            await deadLetters.ReplayAsync(dead.Id, who: "operator", cancellationToken: cancellationToken);
        }
        catch (ReliableMqException error)
        {
            // Another operator was faster, or it was handled after all.
            await Console.Error.WriteLineAsync($"replay: {error.Message}");
        }
    }
}

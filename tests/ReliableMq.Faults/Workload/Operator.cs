using System.Text.Json;
using Microsoft.Extensions.Hosting;
using Npgsql;

namespace ReliableMq.Faults.Workload;

/// <summary>
/// Looks after dead letters as a person would: some time after their death it mends what can be mended and replays it,
/// and poison, too, but that only once.
/// </summary>
internal sealed class Operator(IDeadLetters deadLetters, NpgsqlDataSource database, TimeProvider time) : BackgroundService
{
    private static readonly TimeSpan Reaction = TimeSpan.FromSeconds(4);
    private static readonly JsonSerializerOptions Web = new(JsonSerializerDefaults.Web);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            await Task.Delay(TimeSpan.FromSeconds(2), time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            try
            {
                await foreach (var dead in deadLetters.ListAsync(cancellationToken: stoppingToken))
                {
                    if (dead.DeadAt + Reaction < time.GetUtcNow())
                    {
                        await LookAfterAsync(dead, stoppingToken);
                    }
                }
            }
            catch (Exception error) when (error is not OutOfMemoryException)
            {
                await Console.Error.WriteLineAsync($"operator: {error.Message}");
            }
        }
    }

    private async Task LookAfterAsync(DeadLetter dead, CancellationToken cancellationToken)
    {
        var work = JsonSerializer.Deserialize<Item>(dead.Body.Span, Web)!;
        if (work.Fate.IsPoison && dead.Epoch > 0)
        {
            return;
        }

        await using var mend = database.CreateCommand("INSERT INTO mended VALUES ($1) ON CONFLICT DO NOTHING");
        mend.Parameters.Add(new() { Value = work.Id });
        await mend.ExecuteNonQueryAsync(cancellationToken);
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

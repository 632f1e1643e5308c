using System.Diagnostics;
using Npgsql;

namespace ReliableMq.Faults.Workload;

/// <summary>Does to a handler what the message is to meet.</summary>
public sealed class Fates
{
    internal const string Retry = "100ms, 200ms, 500ms, 1s, 2s";

    /// <summary>The first attempt and a retry after each delay.</summary>
    internal const int MostAttempts = 6;

    private readonly NpgsqlDataSource _direct;
    private readonly TimeProvider _time;

    internal Fates(RoleOrders orders, TimeProvider time)
    {
        _direct = NpgsqlDataSource.Create(orders.DirectConnectionString);
        _time = time;
        Process = orders.Name;
    }

    public string Process { get; }

    public async Task MeetAsync(IWork work, MessageContext context)
    {
        // A moment, so that faults find handlers in the middle of their work.
        await Task.Delay(TimeSpan.FromMilliseconds(Random.Shared.Next(6)), _time, context.CancellationToken);
        if (work.Fate.Kills > 0 && await TakeTurnAsync(work.Id, work.Fate.Kills))
        {
            using var self = System.Diagnostics.Process.GetCurrentProcess();
            self.Kill();
        }

        if (work.Fate.Later > 0 && await TakeTurnAsync($"later {work.Id}", work.Fate.Later))
        {
            context.RetryAfter(TimeSpan.FromMilliseconds(300));
        }

        if (work.Fate.NeedsMending && !await IsMendedAsync(work, context))
        {
            throw new PermanentFailureException($"{work.Id} needs mending.");
        }

        if (work.Fate.IsPoison || context.Attempt <= work.Fate.Failures)
        {
            throw new InvalidOperationException($"{work.Id} fails at attempt {context.Attempt}.");
        }
    }

    /// <summary>Whether it has happened less often than it is to; then it is noted, apart from what the handler writes.</summary>
    private async Task<bool> TakeTurnAsync(string what, int most)
    {
        await using var count = _direct.CreateCommand("SELECT count(*) FROM happened WHERE id = $1");
        count.Parameters.Add(new() { Value = what });
        if ((long)(await count.ExecuteScalarAsync())! >= most)
        {
            return false;
        }

        await using var note = _direct.CreateCommand("INSERT INTO happened VALUES ($1)");
        note.Parameters.Add(new() { Value = what });
        await note.ExecuteNonQueryAsync();
        return true;
    }

    private static async Task<bool> IsMendedAsync(IWork work, MessageContext context)
    {
        await using var look = new NpgsqlCommand("SELECT EXISTS (SELECT FROM mended WHERE id = $1)", context.Transaction!.Connection, context.Transaction)
        {
            Parameters = { new() { Value = work.Id } },
        };
        return (bool)(await look.ExecuteScalarAsync(context.CancellationToken))!;
    }
}

using Npgsql;
using ReliableMq.Dashboard.Contract;
using ReliableMq.Timing;

namespace ReliableMq.Dashboard.Services;

/// <summary>Asks several services at once. One that is away costs its own part, not the page.</summary>
internal static class Reading
{
    public static async Task<Answers<T>> AskAsync<T>(IEnumerable<KnownService> services, Func<KnownService, NpgsqlConnection, CancellationToken, Task<T>> ask, CancellationToken cancellationToken)
    {
        var all = await Task.WhenAll(services.Select(service => AskAsync(service, ask, cancellationToken)));
        return new Answers<T>(
            [.. all.Where(answer => answer.Error is null).Select(answer => (answer.Service, answer.Value!))],
            [.. all.Where(answer => answer.Error is not null).Select(answer => new Unreadable(answer.Service.Name, answer.Error!))]);
    }

    private static async Task<(KnownService Service, T? Value, string? Error)> AskAsync<T>(
        KnownService service, Func<KnownService, NpgsqlConnection, CancellationToken, Task<T>> ask, CancellationToken cancellationToken)
    {
        using var patience = new TimeLimit(Reach.Patience, TimeProvider.System, cancellationToken);
        try
        {
            return (service, await service.UseAsync(connection => ask(service, connection, patience.Token), patience.Token), null);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return (service, default, Reach.NoAnswer);
        }
        catch (Exception exception) when (Reach.IsAway(exception) && !cancellationToken.IsCancellationRequested)
        {
            return (service, default, exception.Message);
        }
    }
}

/// <summary>What services answered, and which did not.</summary>
internal sealed record Answers<T>(IReadOnlyList<(KnownService Service, T Value)> All, IReadOnlyList<Unreadable> Unreadable);

using System.Net.Sockets;
using Npgsql;
using ReliableMq.Dashboard.Contract;

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
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Reach.Patience);
        try
        {
            // Opening a connection does not always look at its token.
            return (service, await service.UseAsync(connection => ask(service, connection, patience.Token), patience.Token).WaitAsync(patience.Token), null);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return (service, default, service.Reach.Lose());
        }
        catch (Exception exception) when (exception is NpgsqlException or TimeoutException or SocketException or ReliableMqException && !cancellationToken.IsCancellationRequested)
        {
            return (service, default, exception.Message);
        }
    }
}

/// <summary>What services answered, and which did not.</summary>
internal sealed record Answers<T>(IReadOnlyList<(KnownService Service, T Value)> All, IReadOnlyList<Unreadable> Unreadable);

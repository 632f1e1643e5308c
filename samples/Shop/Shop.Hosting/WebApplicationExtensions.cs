using System.Diagnostics;
using Microsoft.AspNetCore.Builder;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Shop.Hosting;

/// <summary>What the three services share because they are a sample. A real service needs none of it.</summary>
public static class WebApplicationExtensions
{
    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(8);

    /// <summary>
    /// Creates the database and the business tables where they are missing. It does nothing in a database
    /// that has any table, so it comes before the host starts and ReliableMq creates its own schema.
    /// </summary>
    public static async Task CreateTablesAsync<TDb>(this WebApplication app)
        where TDb : DbContext
    {
        await using var scope = app.Services.CreateAsyncScope();
        await scope.ServiceProvider.GetRequiredService<TDb>().Database.EnsureCreatedAsync();
    }

    /// <summary>
    /// Where Shop.Runner started this process: stops when the runner closes the other end of the standard
    /// input, which also happens when the runner is killed. Nothing is left behind, whoever dies.
    /// </summary>
    public static void StopWithRunner(this WebApplication app)
    {
        if (app.Configuration.GetValue<bool>("SHOP_RUNNER"))
        {
            _ = Task.Factory.StartNew(
                StopAtEndOfInputAsync, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        }

        async Task StopAtEndOfInputAsync()
        {
            Console.OpenStandardInput().CopyTo(Stream.Null);
            app.Lifetime.StopApplication();
            if (app.Lifetime.ApplicationStarted.IsCancellationRequested)
            {
                await Task.Delay(StopTimeout, TimeProvider.System);
            }

            // One that is still starting has nothing to end in order, and would yet take the port that the next
            // run has found free.
            Process.GetCurrentProcess().Kill();
        }
    }
}

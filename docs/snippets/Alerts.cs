// The code of docs/alerts.md and docs/operating.md. A test compares both with what stands between the marks.
using Quartz;
using ReliableMq;

namespace Snippets;

// begin: sink
public sealed class PagerSink(HttpClient pager) : IAlertSink
{
    public string Name => "pager";

    public async Task SendAsync(Alert alert, CancellationToken cancellationToken)
    {
        var text = $"{alert.Service}: {alert.Text} {alert.NewCount} new, {alert.Count} since {alert.FirstRaisedAt:u}";
        var response = await pager.PostAsJsonAsync("page", new { Key = alert.Id, text }, cancellationToken);
        response.EnsureSuccessStatusCode();
    }
}
// end: sink

public static class Alerts
{
    public static void Register(WebApplicationBuilder builder)
    {
        // begin: add-sink
        builder.Services.AddReliableMq(builder.Configuration.GetSection("ReliableMq"))
            .AddOutbox<OrdersDb>()
            .AddAlertSink<PagerSink>();
        // end: add-sink

        // begin: use-scheduler
        builder.Services.AddReliableMq()
            .UseScheduler((services, ct) => services.GetRequiredService<ISchedulerFactory>().GetScheduler(ct));
        // end: use-scheduler
    }
}

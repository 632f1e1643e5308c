// The code of docs/dashboard.md. A test compares it with what stands between the marks.
using Microsoft.AspNetCore.Builder;
using Npgsql;

namespace Snippets;

public static class DashboardSnippets
{
    public static void Serve(WebApplicationBuilder builder, WebApplication app, NpgsqlDataSource billingDatabase)
    {
        // begin: add-dashboard
        builder.Services.AddReliableMqDashboard(options =>
        {
            options.ViewerPolicy = "Staff";
            options.OperatorPolicy = "OnCall";
            options.BodyPolicy = "MaySeeCustomers";
            options.AddService("billing", billingDatabase);
        });
        // end: add-dashboard

        // begin: map-dashboard
        app.MapReliableMqDashboard("/reliable-mq");
        // end: map-dashboard
    }
}

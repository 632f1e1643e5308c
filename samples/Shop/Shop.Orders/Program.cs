using Microsoft.EntityFrameworkCore;
using Shop.Hosting;
using Shop.Orders;

var builder = WebApplication.CreateBuilder(args);
builder.Services.AddSingleton(TimeProvider.System);
builder.Services.AddDbContextPool<OrdersDb>(db =>
    db.UseNpgsql(builder.Configuration.GetConnectionString("Orders")));
builder.Services.AddReliableMq(builder.Configuration.GetSection("ReliableMq"))
    .AddOutbox<OrdersDb>();
// Its own database is found by itself. As long as no policy is named, this machine may look in Development, and whoever
// opens the link in the log.
builder.Services.AddReliableMqDashboard(dashboard => dashboard
    .AddService("billing", builder.Configuration.GetConnectionString("Billing")!)
    .AddService("shipping", builder.Configuration.GetConnectionString("Shipping")!));

var app = builder.Build();
app.StopWithRunner();
await app.CreateTablesAsync<OrdersDb>();

app.MapOrders();
app.MapHealthChecks("/health");
app.MapReliableMqDashboard("/reliable-mq");
await app.RunAsync();

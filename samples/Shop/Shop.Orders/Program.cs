using Microsoft.EntityFrameworkCore;
using Shop.Hosting;
using Shop.Orders;

var builder = WebApplication.CreateBuilder(args);
builder.Services.AddSingleton(TimeProvider.System);
builder.Services.AddDbContextPool<OrdersDb>(db =>
    db.UseNpgsql(builder.Configuration.GetConnectionString("Orders")));
builder.Services.AddReliableMq(builder.Configuration.GetSection("ReliableMq"))
    .AddOutbox<OrdersDb>();

var app = builder.Build();
app.StopWithRunner();
await app.CreateTablesAsync<OrdersDb>();

app.MapOrders();
app.MapHealthChecks("/health");
await app.RunAsync();

using Microsoft.EntityFrameworkCore;
using ReliableMq;
using Shop.Hosting;
using Shop.Shipping;

var builder = WebApplication.CreateBuilder(args);
builder.Services.AddSingleton(TimeProvider.System);
builder.Services.AddDbContextPool<ShippingDb>(db =>
    db.UseNpgsql(builder.Configuration.GetConnectionString("Shipping")));
builder.Services.AddReliableMq(builder.Configuration.GetSection("ReliableMq"))
    .AddInbox<ShippingDb>()
    .AddShippingHandlers();

var app = builder.Build();
app.StopWithRunner();
await app.CreateTablesAsync<ShippingDb>();

app.MapHealthChecks("/health");
await app.RunAsync();

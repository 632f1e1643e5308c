using Microsoft.EntityFrameworkCore;
using ReliableMq;
using Shop.Billing;
using Shop.Billing.Demo;
using Shop.Hosting;

var builder = WebApplication.CreateBuilder(args);
builder.Services.AddSingleton(TimeProvider.System);
builder.Services.AddSingleton<ITaxRates, TaxRates>();
builder.Services.AddDbContextPool<BillingDb>(db =>
    db.UseNpgsql(builder.Configuration.GetConnectionString("Billing")));
builder.Services.AddReliableMq(builder.Configuration.GetSection("ReliableMq"))
    .AddInbox<BillingDb>()
    .AddBillingHandlers();
builder.AddHandlerHold();

var app = builder.Build();
app.StopWithRunner();
await app.CreateTablesAsync<BillingDb>();

app.MapGet("/dead-letters", (IDeadLetters deadLetters, CancellationToken ct) =>
    deadLetters.ListAsync(cancellationToken: ct).Select(DeadOrder.From));
app.MapHandlerHold();
app.MapHealthChecks("/health");
await app.RunAsync();

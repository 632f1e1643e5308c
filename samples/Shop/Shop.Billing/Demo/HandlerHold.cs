using Shop.Contracts;

namespace Shop.Billing.Demo;

/// <summary>
/// Holds one handler in the middle of its work, so that Shop.Runner can kill this process at an instant at
/// which a handler is certainly running. Only there when the environment says <c>SHOP_HOLD_HANDLER=n</c>:
/// the n-th handler to get that far never goes on, and <c>GET /held</c> answers with its order.
/// </summary>
internal sealed class HandlerHold(int number, ITaxRates taxRates) : ITaxRates
{
    private readonly TaskCompletionSource<Guid> _held = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _handlers;

    public async ValueTask<decimal> GetAsync(OrderPlaced order, CancellationToken ct)
    {
        if (Interlocked.Increment(ref _handlers) == number)
        {
            _held.SetResult(order.OrderId);
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, ct);
        }

        return await taxRates.GetAsync(order, ct);
    }

    public Task<Guid> HeldOrderAsync(CancellationToken ct) => _held.Task.WaitAsync(ct);
}

internal static class HandlerHoldExtensions
{
    private const string Setting = "SHOP_HOLD_HANDLER";

    public static void AddHandlerHold(this WebApplicationBuilder builder)
    {
        if (builder.Configuration.GetValue<int?>(Setting) is { } number)
        {
            builder.Services.AddSingleton(new HandlerHold(number, new TaxRates()));
            builder.Services.AddSingleton<ITaxRates>(services => services.GetRequiredService<HandlerHold>());
        }
    }

    public static void MapHandlerHold(this WebApplication app)
    {
        if (app.Services.GetService<HandlerHold>() is { } hold)
        {
            app.MapGet("/held", hold.HeldOrderAsync);
        }
    }
}

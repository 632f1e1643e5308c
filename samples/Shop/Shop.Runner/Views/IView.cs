using Shop.Runner.Running;

namespace Shop.Runner.Views;

/// <summary>Shows a run while it goes on.</summary>
internal interface IView
{
    /// <summary>Shows <paramref name="status"/> until cancelled, and then once more as it stands at the end.</summary>
    Task ShowAsync(RunStatus status, CancellationToken ct);
}

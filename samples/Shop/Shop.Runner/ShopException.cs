namespace Shop.Runner;

/// <summary>The run cannot go on, for a reason that its user can read and act upon.</summary>
internal sealed class ShopException(string message, Exception? inner = null) : Exception(message, inner);

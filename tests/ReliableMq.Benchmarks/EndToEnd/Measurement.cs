namespace ReliableMq.Benchmarks.EndToEnd;

/// <summary>What one round measured.</summary>
/// <param name="Scenario">See <see cref="EndToEnd.Scenario"/>.</param>
/// <param name="Pipeline"><c>library</c> or <c>baseline</c>.</param>
/// <param name="Round">From 1.</param>
/// <param name="PerSecond">Messages from the first save to the last handler's start.</param>
/// <param name="P50">Commit to handler at a moderate rate, milliseconds.</param>
/// <param name="P99">The same.</param>
/// <param name="CpuMs">A message, sender and receiver together, without the servers.</param>
/// <param name="AllocatedBytes">The same.</param>
/// <param name="Commands">Database commands a message, as the client counts them.</param>
/// <param name="WalBytes">Of the whole server, so only meaningful where nobody else uses it.</param>
internal sealed record Measurement(
    string Scenario, string Pipeline, int Round, double PerSecond, double P50, double P99, double CpuMs, double AllocatedBytes,
    double Commands, double WalBytes);

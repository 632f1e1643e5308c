namespace ReliableMq.Benchmarks.Plans;

internal static class PlansRun
{
    public static Task<int> RunAsync(string[] options) => Task.FromResult(options.Length);
}

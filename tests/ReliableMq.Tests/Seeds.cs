namespace ReliableMq.Tests;

/// <summary>Seeds for random histories: some that never change, and one that nobody has tried yet.</summary>
public static class Seeds
{
    // Pre-enumerated once a process, so that the name of a failed test tells its seed.
    public static TheoryData<int> Few { get; } = [1, 2, 3, 4, Random.Shared.Next()];
}

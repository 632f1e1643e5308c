namespace ReliableMq.TestSupport;

/// <summary>Names that no other test has.</summary>
internal static class Some
{
    private const int IdLength = 12;

    public static string Id() => Guid.NewGuid().ToString("N")[..IdLength];
}

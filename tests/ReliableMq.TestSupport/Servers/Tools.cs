namespace ReliableMq.TestSupport;

/// <summary>Programs that tests run themselves.</summary>
public static class Tools
{
    /// <summary>Where <c>./dev tool</c> says a program is; it installs one that is missing.</summary>
    public static async Task<string> FindAsync(string name) => (await DevScript.ValuesAsync(["tool", name]))["path"];
}

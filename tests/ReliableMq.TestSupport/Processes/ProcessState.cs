namespace ReliableMq.TestSupport;

/// <summary>What the kernel says about a process.</summary>
internal static class ProcessState
{
    /// <summary>Whether every thread stands still after SIGSTOP: the signal reaches busy threads a moment later.</summary>
    public static bool IsStopped(int processId)
    {
        try
        {
            return Directory.GetDirectories($"/proc/{processId}/task").All(task => Letter(task) is 'T' or 't');
        }
        catch (DirectoryNotFoundException)
        {
            // Gone, or a system without /proc, where there is nothing to look at.
            return true;
        }
    }

    /// <summary>Whether a process runs; one that only waits to be reaped does not.</summary>
    public static bool IsRunning(int processId) =>
        Directory.Exists($"/proc/{processId}") && Letter($"/proc/{processId}") is not ('Z' or 'X');

    private static char Letter(string directory)
    {
        try
        {
            // "pid (name) S …": the name may hold anything, brackets too.
            var stat = File.ReadAllText(Path.Combine(directory, "stat"));
            return stat[stat.LastIndexOf(')') + 2];
        }
        catch (IOException)
        {
            return 'X';
        }
    }
}

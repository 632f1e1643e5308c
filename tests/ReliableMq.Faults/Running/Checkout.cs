namespace ReliableMq.Faults.Running;

/// <summary>The checkout that this program was built in.</summary>
internal static class Checkout
{
    public static string Root { get; } = Find(AppContext.BaseDirectory);

    private static string Find(string start)
    {
        for (var folder = new DirectoryInfo(start); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "ReliableMq.sln")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException($"'{start}' is not inside a checkout of ReliableMq. Run the machine with ./dev faults.");
    }
}

using System.Diagnostics;

namespace ReliableMq.TestSupport;

/// <summary>
/// Wipes a private server when the test's process dies without having done so. It waits for a word through a
/// pipe that only this process holds, so that it notices any death; it is nobody's child and in a session of
/// its own, so that neither Ctrl-C nor the killing of a process tree reaches it.
/// </summary>
internal sealed class ServerGuard : IDisposable
{
    private const string Script = """exec >/dev/null 2>&1; read -r || exec ./dev server wipe "$0" "$1" """;

    private readonly Process _process;

    public ServerGuard(string kind, string name) =>
        _process = Process.Start(new ProcessStartInfo("setsid", ["--fork", "bash", "-c", Script, kind, name])
        {
            WorkingDirectory = DevScript.Root,
            RedirectStandardInput = true,
        })!;

    /// <summary>For when the server is wiped.</summary>
    public void Dispose()
    {
        _process.StandardInput.WriteLine("wiped");
        _process.StandardInput.Close();
        _process.Dispose();
    }
}

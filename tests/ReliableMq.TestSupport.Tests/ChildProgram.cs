using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Npgsql;

namespace ReliableMq.TestSupport.Tests;

/// <summary>
/// This project's dll is also the program that its tests start as a child: with "child" as the first argument
/// it never comes to run tests.
/// </summary>
internal static class ChildProgram
{
    public static string Path => typeof(ChildProgram).Assembly.Location;

    [ModuleInitializer]
    internal static void Run()
    {
        if (Environment.GetCommandLineArgs() is [_, "child", var role])
        {
            Environment.Exit(role switch
            {
                "parent" => Parent(),
                "server" => Server(),
                "polite" => Polite(),
                _ => Echo(role),
            });
        }
    }

    // Starts a child of its own, tells who it is, and never ends by itself.
    private static int Parent()
    {
        var child = ChildProcess.Start("sleep", ["600"]);
        Console.WriteLine(child.Id.ToString(CultureInfo.InvariantCulture));
        new ManualResetEventSlim().Wait();
        return 0;
    }

    // Starts a server, tells its port, and never ends by itself. Nothing here may go on on another thread: that
    // would wait for the end of this very initializer.
    private static int Server()
    {
        var server = PrivatePostgres.CreateAsync().GetAwaiter().GetResult();
        Console.WriteLine(new NpgsqlConnectionStringBuilder(server.Server.ConnectionString).Port);
        new ManualResetEventSlim().Wait();
        return 0;
    }

    private static int Polite()
    {
        using var asked = new ManualResetEventSlim();
        using var _ = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal =>
        {
            signal.Cancel = true;
            asked.Set();
        });
        Console.WriteLine("ready");
        asked.Wait();
        Console.WriteLine("goodbye");
        return 7;
    }

    private static int Echo(string text)
    {
        Console.WriteLine(text);
        Console.Error.WriteLine(Environment.GetEnvironmentVariable("CHILD_GREETING"));
        return 3;
    }
}

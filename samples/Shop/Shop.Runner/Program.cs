using System.Runtime.InteropServices;
using Npgsql;
using Shop.Runner;
using Shop.Runner.Data;
using Shop.Runner.Views;
using Spectre.Console;

Arguments arguments;
try
{
    arguments = Arguments.Parse(args);
}
catch (ArgumentException e)
{
    Console.Error.WriteLine($"{e.Message} See --help.");
    return 2;
}

switch (arguments.Command)
{
    case Command.Help:
        Console.WriteLine(Arguments.Help);
        return 0;
    case Command.Generate:
        OrderGenerator.Write(Console.Out);
        return 0;
}

// The first signal ends the run in order; a second one ends it at once, and the services follow.
using var interrupted = new CancellationTokenSource();
using var sigint = PosixSignalRegistration.Create(PosixSignal.SIGINT, Interrupt);
using var sigterm = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Interrupt);
using var sighup = PosixSignalRegistration.Create(PosixSignal.SIGHUP, Interrupt);
try
{
    var terminal = !Console.IsOutputRedirected;
    var console = AnsiConsole.Create(new() { Ansi = terminal ? AnsiSupport.Detect : AnsiSupport.No });
    if (!terminal)
    {
        console.Profile.Width = 250; // The lines of a file need no wrapping.
    }

    IView view = terminal ? new LiveView(console, TimeProvider.System) : new PlainView(Console.Out, TimeProvider.System);
    return await new ShopRun(arguments, console, view, TimeProvider.System).RunAsync(interrupted.Token) ? 0 : 1;
}
catch (Exception) when (interrupted.IsCancellationRequested)
{
    Console.Error.WriteLine("Interrupted. The next run with as many orders goes on from here.");
    return 130;
}
catch (Exception e)
{
    var isForUsers = e is ShopException or NpgsqlException or HttpRequestException;
    Console.Error.WriteLine(isForUsers ? e.Message : e.ToString());
    return 1;
}

void Interrupt(PosixSignalContext signal)
{
    signal.Cancel = !interrupted.IsCancellationRequested;
    interrupted.Cancel();
}

using ReliableMq.Faults.Mutants;
using ReliableMq.Faults.Running;
using ReliableMq.Faults.Soaking;
using ReliableMq.Faults.Workload;

namespace ReliableMq.Faults;

/// <summary>The machine (<c>faults …</c>), one process of its workload (<c>role …</c>), or its own tests.</summary>
internal static class Program
{
    public static async Task<int> Main(string[] args)
    {
        switch (args)
        {
            case ["role", var role, var orders]:
                return await Role.RunAsync(role, RoleOrders.Parse(orders));
            case ["faults", .. var rest]:
                return await RunAsync(rest);
            case var _ when args.Contains("--server"):
                return await Xunit.MicrosoftTestingPlatform.TestPlatformTestFramework.RunAsync(args, (_, _) => { });
            default:
                return await Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(args);
        }
    }

    private static async Task<int> RunAsync(string[] args)
    {
        Arguments arguments;
        try
        {
            arguments = Arguments.Parse(args);
        }
        catch (FormatException error)
        {
            await Console.Error.WriteLineAsync(error.Message);
            return 2;
        }

        try
        {
            return arguments switch
            {
                { Mutants: not null } => await MutantCampaign.RunAsync(arguments),
                { Soak: true } => await SoakRun.RunAsync(arguments),
                _ => await Campaign.RunAsync(arguments),
            };
        }
        catch (Exception error)
        {
            await Console.Error.WriteLineAsync(error.ToString());
            Console.WriteLine($"BROKEN the machine itself failed, which says nothing about the library: {error.Message.ReplaceLineEndings(" ")}");
            return 3;
        }
    }
}

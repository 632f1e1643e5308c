using System.Globalization;
using Shop.Runner.Data;

namespace Shop.Runner;

internal enum Command
{
    Run,
    Generate,
    Help,
}

/// <summary>What the command line asks for.</summary>
internal sealed record Arguments(Command Command, int? Orders = null, bool Exit = false, bool Fresh = false, string Name = "shop")
{
    public static string Help { get; } = $"""
        Runs the sample Shop: Orders, Billing and Shipping as three processes. It places the orders of
        orders.csv, kills Billing with SIGKILL half-way while a handler is running, starts it again, and
        compares at the end what was ordered with what was invoiced, shipped and given up.

        Usage: Shop.Runner [--orders N] [--exit] [--fresh] [--name NAME]
               Shop.Runner generate > orders.csv

          --orders N   place only the first N orders, 1 to {OrderGenerator.Count}
          --exit       end after the ledger instead of staying up for a look;
                       exit code 0 only if the ledger balances
          --fresh      start from nothing, whatever an earlier run left
          --name NAME  another Shop than "shop", with databases and a virtual host of its own
          --help       print this text
          generate     write the {OrderGenerator.Count} orders of orders.csv to the standard output

        A run that was interrupted while orders were still to be billed is continued by the next one with
        as many orders. Otherwise a run makes the databases shop_orders, shop_billing and shop_shipping and
        the virtual host "shop" anew, or those of the other name.

        Environment:
          RELIABLEMQ_POSTGRES              Host=127.0.0.1;Port=5432;Username=postgres
          RELIABLEMQ_RABBITMQ              amqp://guest:guest@127.0.0.1:5672
          RELIABLEMQ_RABBITMQ_MANAGEMENT   http://127.0.0.1:15672

        Exit codes: 0 all is well, 1 the ledger does not balance or the run failed, 2 wrong arguments,
        130 interrupted before the ledger.
        """;

    /// <exception cref="ArgumentException">Something is not understood; the message is for the user.</exception>
    public static Arguments Parse(IReadOnlyList<string> args)
    {
        var parsed = new Arguments(Command.Run);
        for (var i = 0; i < args.Count; i++)
        {
            parsed = args[i] switch
            {
                "--help" or "-h" => parsed with { Command = Command.Help },
                "--exit" => parsed with { Exit = true },
                "--fresh" => parsed with { Fresh = true },
                "--orders" => parsed with { Orders = ParseOrders(args.ElementAtOrDefault(++i)) },
                "--name" => parsed with { Name = ParseName(args.ElementAtOrDefault(++i)) },
                "generate" when args.Count == 1 => parsed with { Command = Command.Generate },
                var other => throw new ArgumentException($"'{other}' is not understood here."),
            };
        }

        return parsed;
    }

    private static int ParseOrders(string? value) =>
        int.TryParse(value, NumberStyles.None, null, out var orders) && orders is >= 1 and <= OrderGenerator.Count
            ? orders
            : throw new ArgumentException($"--orders needs a number from 1 to {OrderGenerator.Count}, not '{value}'.");

    private static string ParseName(string? value) =>
        value is { Length: >= 1 and <= 40 } && char.IsAsciiLetterLower(value[0]) && value.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '_')
            ? value
            : throw new ArgumentException($"--name needs at most 40 lower-case letters, digits and '_', beginning with a letter, not '{value}'.");
}

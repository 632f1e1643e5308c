using Microsoft.Extensions.Options;
using Npgsql;

namespace ReliableMq.Dashboard;

/// <summary>What the options must be, each error with the remedy.</summary>
internal sealed class DashboardOptionsRules : IValidateOptions<ReliableMqDashboardOptions>
{
    private const int LongestName = 100;

    public ValidateOptionsResult Validate(string? name, ReliableMqDashboardOptions options)
    {
        var errors = new List<string>();
        foreach (var service in options.Remote)
        {
            if (service.Name is not { Length: > 0 and <= LongestName } || !service.Name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.') || service.Name.All(c => c == '.'))
            {
                errors.Add($"The service name \"{service.Name}\" of the dashboard is not valid. Use 1 to {LongestName} letters, digits, '-', '_' and '.', since it stands in addresses.");
            }

            if (service.Schema is not { Length: > 0 and <= 63 } || !(char.IsAsciiLetterLower(service.Schema[0]) || service.Schema[0] == '_') || !service.Schema.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '_'))
            {
                errors.Add($"The schema \"{service.Schema}\" of the dashboard's service \"{service.Name}\" is not valid. Give the name that the service has in \"ReliableMq:Database:Schema\".");
            }

            if (service.ConnectionString is { } text && !CanRead(text))
            {
                // It may hold a password.
                errors.Add($"The connection string of the dashboard's service \"{service.Name}\" cannot be read. Use one of Npgsql, such as \"Host=db;Database=billing;Username=dashboard\".");
            }
        }

        errors.AddRange(options.Remote.GroupBy(service => service.Name, StringComparer.Ordinal).Where(same => same.Count() > 1).Select(same => $"The dashboard's service \"{same.Key}\" was added {same.Count()} times. Give each its own name."));
        return errors.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(errors);
    }

    private static bool CanRead(string connectionString)
    {
        try
        {
            return new NpgsqlConnectionStringBuilder(connectionString).Host is { Length: > 0 };
        }
        catch (ArgumentException)
        {
            return false;
        }
    }
}

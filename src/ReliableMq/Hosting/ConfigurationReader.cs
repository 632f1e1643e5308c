using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace ReliableMq.Hosting;

/// <summary>
/// Binds a configuration section and refuses keys that it does not know. The binder could do so itself, but
/// its error names no section, and inside a queue not even the key.
/// </summary>
internal sealed class ConfigurationReader(IConfiguration configuration) : IConfigureOptions<ReliableMqOptions>, IValidateOptions<ReliableMqOptions>
{
    public void Configure(ReliableMqOptions options)
    {
        configuration.Bind(options);

        // Again one by one: the binder leaves an entry of a dictionary out, silently, where it cannot read it.
        foreach (var queue in configuration.GetSection(nameof(ReliableMqOptions.Queues)).GetChildren())
        {
            var settings = options.Queues.GetValueOrDefault(queue.Key) ?? new QueueOptions();
            if (queue.GetSection(nameof(QueueOptions.Bindings)).Exists())
            {
                // The binder adds to a list that is there.
                settings.Bindings = null;
            }

            queue.Bind(settings);
            options.Queues[queue.Key] = settings;
        }
    }

    public ValidateOptionsResult Validate(string? name, ReliableMqOptions options)
    {
        var errors = new List<string>();
        Check(configuration, typeof(ReliableMqOptions), errors);
        return errors.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(errors);
    }

    private static void Check(IConfiguration section, Type options, List<string> errors)
    {
        if (section is IConfigurationSection { Path: var path, Value: { Length: > 0 } value })
        {
            errors.Add($"\"{path}\" is \"{value}\", but it is a section. Write its settings as keys below it.");
        }

        var settings = options.GetProperties().ToDictionary(property => property.Name, property => property.PropertyType, StringComparer.OrdinalIgnoreCase);
        foreach (var child in section.GetChildren())
        {
            if (!settings.TryGetValue(child.Key, out var type))
            {
                errors.Add($"\"{child.Path}\" is not a setting. Correct the name or remove it. Settings there: {string.Join(", ", settings.Keys.Order().Select(setting => $"\"{setting}\""))}.");
            }
            else if (type == typeof(Dictionary<string, QueueOptions>))
            {
                foreach (var queue in child.GetChildren())
                {
                    Check(queue, typeof(QueueOptions), errors);
                }
            }
            else if (type.Assembly == options.Assembly && !type.IsEnum)
            {
                Check(child, type, errors);
            }
            else if (type == typeof(IList<string>))
            {
                CheckList(child, errors);
            }
            else if (child.GetChildren().Any())
            {
                errors.Add($"\"{child.Path}\" has parts, but it is a single value. Write it as one text.");
            }
        }
    }

    private static void CheckList(IConfigurationSection list, List<string> errors)
    {
        if (list.Value is { Length: > 0 } value)
        {
            errors.Add($"\"{list.Path}\" is \"{value}\", but it is a list. Write its entries as \"{list.Path}:0\", \"{list.Path}:1\" and so on.");
        }

        foreach (var entry in list.GetChildren().Where(entry => entry.GetChildren().Any()))
        {
            errors.Add($"\"{entry.Path}\" has parts, but it is a single value. Write it as one text.");
        }
    }
}

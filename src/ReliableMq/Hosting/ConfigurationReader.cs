using System.Globalization;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace ReliableMq.Hosting;

/// <summary>
/// Binds a configuration section and refuses keys that it does not know and values that it cannot read. The binder
/// could do so itself, but one at a time, without the section or inside a queue the key, and without a remedy.
/// </summary>
internal sealed class ConfigurationReader(IConfiguration configuration) : IConfigureOptions<ReliableMqOptions>, IValidateOptions<ReliableMqOptions>
{
    public void Configure(ReliableMqOptions options)
    {
        var readable = Readable([]);
        readable.Bind(options);

        // Again one by one: the binder replaces what code has set for a queue.
        foreach (var queue in readable.GetSection(nameof(ReliableMqOptions.Queues)).GetChildren())
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
        Readable(errors);
        return errors.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(errors);
    }

    /// <summary>The section as the binder takes it; what cannot be read is left out, and told.</summary>
    private IConfigurationRoot Readable(List<string> errors)
    {
        var values = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase);
        Read(configuration, "", typeof(ReliableMqOptions), values, errors);
        return new ConfigurationBuilder().AddInMemoryCollection(values).Build();
    }

    private static void Read(IConfiguration section, string place, Type options, Dictionary<string, string?> values, List<string> errors)
    {
        if (section is IConfigurationSection { Path: var path, Value: { Length: > 0 } value })
        {
            errors.Add($"\"{path}\" is \"{value}\", but it is a section. Write its settings as keys below it.");
        }

        var settings = options.GetProperties().ToDictionary(property => property.Name, property => property.PropertyType, StringComparer.OrdinalIgnoreCase);
        foreach (var child in section.GetChildren())
        {
            var childPlace = place.Length == 0 ? child.Key : ConfigurationPath.Combine(place, child.Key);
            if (!settings.TryGetValue(child.Key, out var type))
            {
                errors.Add($"\"{child.Path}\" is not a setting. Correct the name or remove it. Settings there: {string.Join(", ", settings.Keys.Order().Select(setting => $"\"{setting}\""))}.");
            }
            else if (type == typeof(Dictionary<string, QueueOptions>))
            {
                foreach (var queue in child.GetChildren())
                {
                    // It is configured even where nothing of it can be read.
                    values[ConfigurationPath.Combine(childPlace, queue.Key)] = null;
                    Read(queue, ConfigurationPath.Combine(childPlace, queue.Key), typeof(QueueOptions), values, errors);
                }
            }
            else if (type.Assembly == options.Assembly && !type.IsEnum)
            {
                Read(child, childPlace, type, values, errors);
            }
            else if (type == typeof(IList<string>))
            {
                ReadList(child, childPlace, values, errors);
            }
            else if (child.GetChildren().Any())
            {
                errors.Add($"\"{child.Path}\" has parts, but it is a single value. Write it as one text.");
            }
            else
            {
                ReadValue(child, childPlace, Nullable.GetUnderlyingType(type) ?? type, values, errors);
            }
        }
    }

    private static void ReadList(IConfigurationSection list, string place, Dictionary<string, string?> values, List<string> errors)
    {
        if (list.Value is { Length: > 0 } value)
        {
            errors.Add($"\"{list.Path}\" is \"{value}\", but it is a list. Write its entries as \"{list.Path}:0\", \"{list.Path}:1\" and so on.");
        }

        foreach (var entry in list.GetChildren())
        {
            if (entry.GetChildren().Any())
            {
                errors.Add($"\"{entry.Path}\" has parts, but it is a single value. Write it as one text.");
            }
            else
            {
                values[ConfigurationPath.Combine(place, entry.Key)] = entry.Value;
            }
        }
    }

    private static void ReadValue(IConfigurationSection setting, string place, Type type, Dictionary<string, string?> values, List<string> errors)
    {
        if (setting.Value is not { } value || type == typeof(string))
        {
            values[place] = setting.Value;
        }
        else if (type == typeof(TimeSpan) && Duration.TryParse(value, out var duration))
        {
            values[place] = duration.ToString("c", CultureInfo.InvariantCulture);
        }
        else if (Unlike(value, type) is { } unlike)
        {
            errors.Add($"\"{setting.Path}\" is \"{value}\", which is {unlike}");
        }
        else
        {
            values[place] = value;
        }
    }

    /// <summary>What is wrong with a value, and the remedy; null where it can be read.</summary>
    private static string? Unlike(string value, Type type)
    {
        if (type == typeof(TimeSpan))
        {
            // A number alone would be so many days.
            return value.Contains(':', StringComparison.Ordinal) && TimeSpan.TryParse(value, CultureInfo.InvariantCulture, out _)
                ? null
                : "not a duration. Write a number and ms, s, m or h, like \"30s\", or days, hours, minutes and seconds, like \"1.00:00:30\".";
        }

        if (type.IsEnum)
        {
            return Enum.TryParse(type, value, ignoreCase: true, out var read) && Enum.IsDefined(type, read)
                ? null
                : $"none of {string.Join(", ", Enum.GetNames(type).Select(name => $"\"{name}\""))}. Write one of them.";
        }

        return type == typeof(bool) ? bool.TryParse(value, out _) ? null : "neither true nor false. Write one of them."
            : type == typeof(int) ? int.TryParse(value, NumberStyles.Integer, CultureInfo.InvariantCulture, out _) ? null : "not a whole number up to 2147483647. Write digits only, like \"100\"."
            : null;
    }
}

using Microsoft.Extensions.Primitives;

namespace ReliableMq.Dashboard.Api;

/// <summary>Parameters as they were given: in an address, or as the filter of an action.</summary>
internal sealed class ParameterValues
{
    private readonly Dictionary<Parameter, object> _values = [];

    /// <param name="given">Names and values.</param>
    /// <param name="known">Others are refused.</param>
    /// <param name="within">What to say in front of a name, such as <c>filter.</c>.</param>
    /// <exception cref="ApiException">One is unknown, malformed, given twice or missing.</exception>
    public ParameterValues(IEnumerable<KeyValuePair<string, StringValues>> given, IReadOnlyList<Parameter> known, string within = "")
    {
        foreach (var (name, texts) in given)
        {
            var parameter = known.FirstOrDefault(parameter => parameter.Name == name)
                ?? throw ApiException.Malformed(within + ApiException.Shown(name), $"There is no parameter \"{ApiException.Shown(name)}\" here. Known: {string.Join(", ", known.Select(parameter => parameter.Name).DefaultIfEmpty("none"))}.");
            _values[parameter] = texts is [{ } text] ? parameter.Read(text) : throw ApiException.Malformed(within + name, $"\"{name}\" is given {texts.Count} times. Give it once.");
        }

        if (known.FirstOrDefault(parameter => parameter.IsRequired && !_values.ContainsKey(parameter)) is { } missing)
        {
            throw ApiException.Malformed(within + missing.Name, $"\"{missing.Name}\" is missing. {missing.Description}");
        }
    }

    public T? Find<T>(Parameter<T> parameter) where T : class => _values.GetValueOrDefault(parameter) as T;

    public T? FindValue<T>(Parameter<T> parameter) where T : struct => _values.TryGetValue(parameter, out var value) ? (T)value : null;
}

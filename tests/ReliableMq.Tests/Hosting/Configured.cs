using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace ReliableMq.Tests.Hosting;

/// <summary>The options of a real host with these settings below <c>ReliableMq</c>.</summary>
internal static class Configured
{
    /// <summary>What a service cannot do without.</summary>
    public static readonly (string Key, string? Value) Hosts = ("Broker:Hosts", "rabbit");

    public static ReliableMqOptions Options(params (string Key, string? Value)[] settings) => Options(_ => { }, settings);

    public static ReliableMqOptions Options(Action<ReliableMqBuilder> more, params (string Key, string? Value)[] settings)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new() { ApplicationName = "orders-service" });
        builder.Configuration.AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create("ReliableMq:" + setting.Key, setting.Value)));
        more(builder.Services.AddReliableMq(builder.Configuration.GetSection("ReliableMq")));
        using var host = builder.Build();
        return host.Services.GetRequiredService<IOptions<ReliableMqOptions>>().Value;
    }

    /// <summary>What is wrong with these settings, and with nothing else.</summary>
    public static IEnumerable<string> Errors(params (string Key, string? Value)[] settings) => Errors(_ => { }, settings);

    public static IEnumerable<string> Errors(Action<ReliableMqBuilder> more, params (string Key, string? Value)[] settings)
    {
        try
        {
            Options(more, Array.Exists(settings, setting => setting.Key == Hosts.Key) ? settings : [Hosts, .. settings]);
            return [];
        }
        catch (OptionsValidationException exception)
        {
            return exception.Failures;
        }
    }
}

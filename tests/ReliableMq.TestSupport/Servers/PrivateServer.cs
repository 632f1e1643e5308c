using System.Collections.Immutable;
using System.Globalization;

namespace ReliableMq.TestSupport;

/// <summary>
/// A server of one test's own, which it may stop, kill, freeze and start again, always on the same port and
/// with its data. It is wiped when it is disposed, and when the test's process dies, however that happens.
/// </summary>
public abstract class PrivateServer : IPrivateServer, IAsyncDisposable
{
    private readonly string _kind;
    private readonly string _name;
    private readonly IReadOnlyDictionary<string, string> _environment;
    private readonly IReadOnlyList<string> _making;
    private readonly ServerGuard _guard;
    private bool _disposed;
    private IReadOnlyDictionary<string, string> _facts = ImmutableDictionary<string, string>.Empty;

    private protected PrivateServer(string kind, string versionVariable, string? version, string? name = null, IReadOnlyList<string>? making = null)
    {
        _kind = kind;
        _name = name ?? $"test-{Environment.ProcessId}-{Some.Id()}";
        _making = making ?? [];
        _environment = version is null
            ? ImmutableDictionary<string, string>.Empty
            : new Dictionary<string, string> { [versionVariable] = version };
        _guard = new ServerGuard(_kind, _name);
    }

    /// <summary>Its full version, such as 3.10.8.</summary>
    public string Version => Fact("version");

    /// <inheritdoc/>
    public async Task StartAsync() =>
        _facts = await DevScript.ValuesAsync(["server", "up", _kind, _name, .. _making], _environment);

    /// <inheritdoc/>
    public Task StopAsync() => RunAsync("stop");

    /// <inheritdoc/>
    public Task KillAsync() => RunAsync("kill");

    /// <inheritdoc/>
    public Task FreezeAsync() => RunAsync("freeze");

    /// <inheritdoc/>
    public Task ResumeAsync() => RunAsync("resume");

    /// <summary>Ends it and removes its data.</summary>
    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (!Interlocked.Exchange(ref _disposed, true))
        {
            await RunAsync("wipe");
            _guard.Dispose();
        }
    }

    private protected string Name => _name;

    /// <summary>Where the server's data and settings are; it may be filled before the first start.</summary>
    public string Folder => Path.Combine(DevScript.Root, ".servers", $"{_kind}-{_name}");

    /// <summary>One of the facts that <c>./dev server up</c> told when it last started the server.</summary>
    private protected string Fact(string key) => _facts.TryGetValue(key, out var value)
        ? value
        : throw new InvalidOperationException($"'./dev server up' has not told '{key}' of {_kind} '{_name}'.");

    private protected int NumberFact(string key) => int.Parse(Fact(key), CultureInfo.InvariantCulture);

    private protected Task<string> RunAsync(string action, params IEnumerable<string> arguments) =>
        DevScript.RunAsync(["server", action, _kind, _name, .. arguments]);
}

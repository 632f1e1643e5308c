using System.Collections.Concurrent;
using Microsoft.Extensions.Options;
using Npgsql;
using ReliableMq.Dashboard.Api;

namespace ReliableMq.Dashboard.Services;

/// <summary>The services that the dashboard shows: those that were added, and the process's own.</summary>
internal sealed class KnownServices : IAsyncDisposable
{
    private readonly IServiceProvider _services;
    private readonly TimeProvider _time;
    private readonly List<KnownService> _others = [];
    private readonly List<NpgsqlDataSource> _sources = [];
    private readonly ConcurrentDictionary<string, Reach> _reach = new(StringComparer.Ordinal);

    public KnownServices(IServiceProvider services, IOptions<ReliableMqDashboardOptions> options, TimeProvider time)
    {
        (_services, _time) = (services, time);
        foreach (var remote in options.Value.Remote)
        {
            var source = remote.DataSource;
            if (source is null)
            {
                source = NpgsqlDataSource.Create(remote.ConnectionString!);
                _sources.Add(source);
            }

            _others.Add(Known(remote.Name, ServiceTables.Open(source, remote.Schema)));
        }
    }

    /// <summary>By name. The own ones can become fewer: which contexts share tables is known when they were reached.</summary>
    public IReadOnlyList<KnownService> All
    {
        get
        {
            var own = ServiceTables.Of(_services);
            var service = own.Count == 0 ? "" : ((ReliableMqOptions)_services.GetService(typeof(ReliableMqOptions))!).Service!;
            return
            [
                .. own.Select(tables => Known(own.Count == 1 ? service : $"{service}.{tables.Name}", tables))
                    // A list of all services may name this one as well.
                    .Concat(_others)
                    .DistinctBy(known => known.Name)
                    .OrderBy(known => known.Name, StringComparer.Ordinal),
            ];
        }
    }

    /// <exception cref="ApiException">There is none of this name.</exception>
    public KnownService Get(string name) =>
        All.FirstOrDefault(known => known.Name == name)
        ?? throw ApiException.NotFound($"There is no service \"{ApiException.Shown(name)}\". Known: {string.Join(", ", All.Select(known => known.Name).DefaultIfEmpty("none"))}.");

    private KnownService Known(string name, ServiceTables tables) => new(name, tables, _reach.GetOrAdd(name, _ => new Reach(_time)));

    /// <summary>The one of this name, or all.</summary>
    /// <exception cref="ApiException">There is none of this name.</exception>
    public IReadOnlyList<KnownService> Select(string? name) => name is null ? All : [Get(name)];

    public async ValueTask DisposeAsync()
    {
        foreach (var source in _sources)
        {
            await source.DisposeAsync();
        }
    }
}

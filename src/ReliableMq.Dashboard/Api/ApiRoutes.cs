using ReliableMq.Dashboard.Resources;

namespace ReliableMq.Dashboard.Api;

/// <summary>Every address of the API.</summary>
internal sealed class ApiRoutes(IEnumerable<IResource> resources)
{
    public IReadOnlyList<ApiRoute> All { get; } = [.. resources.SelectMany(resource => resource.Routes)];
}

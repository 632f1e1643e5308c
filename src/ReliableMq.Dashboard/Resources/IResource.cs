using ReliableMq.Dashboard.Api;

namespace ReliableMq.Dashboard.Resources;

/// <summary>A part of the API.</summary>
internal interface IResource
{
    IEnumerable<ApiRoute> Routes { get; }
}

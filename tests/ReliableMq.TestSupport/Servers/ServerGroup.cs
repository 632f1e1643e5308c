namespace ReliableMq.TestSupport;

/// <summary>Several servers to which the same happens at the same time.</summary>
public sealed class ServerGroup(IReadOnlyList<IPrivateServer> servers) : IPrivateServer
{
    public Task StartAsync() => AllAsync(server => server.StartAsync());

    public Task StopAsync() => AllAsync(server => server.StopAsync());

    public Task KillAsync() => AllAsync(server => server.KillAsync());

    public Task FreezeAsync() => AllAsync(server => server.FreezeAsync());

    public Task ResumeAsync() => AllAsync(server => server.ResumeAsync());

    private Task AllAsync(Func<IPrivateServer, Task> action) => Task.WhenAll(servers.Select(action));
}

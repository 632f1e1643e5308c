using Npgsql;
using ReliableMq.Faults.Nemesis;
using ReliableMq.Faults.Workload;
using ReliableMq.TestSupport;

namespace ReliableMq.Faults.Running;

/// <summary>
/// Everything that a run torments: a broker and a database server of its own, the lines to them, and the processes of
/// two services, one that stores and one that handles.
/// </summary>
internal sealed class Stage : IAsyncDisposable
{
    private const int ProcessesOfAService = 2;
    private const double Rate = 12;

    /// <summary>What two busy cores keep up with for an hour.</summary>
    private const double SoakRate = 5;

    private readonly CancellationTokenSource _ended = new();
    private readonly Arguments _arguments;
    private readonly string _folder;
    private readonly int _seed;
    private Task _supervising = Task.CompletedTask;
    private volatile bool _isStoring = true;

    private Stage(Arguments arguments, int seed, string folder, History history)
    {
        _arguments = arguments;
        _seed = seed;
        _folder = folder;
        History = history;
        Producers = [.. Enumerable.Range(1, ProcessesOfAService).Select(number => Slot(Role.Producer, number))];
        Consumers = [.. Enumerable.Range(1, ProcessesOfAService).Select(number => Slot(Role.Consumer, number))];
    }

    public History History { get; }
    public IReadOnlyList<ProcessSlot> Producers { get; }
    public IReadOnlyList<ProcessSlot> Consumers { get; }

    /// <summary>The broker's nodes: one, or the three of a cluster.</summary>
    public IReadOnlyList<PrivateRabbitMq> Nodes { get; private set; } = [];

    /// <summary>Null where the broker is a single node.</summary>
    public PrivateRabbitMqCluster? Cluster { get; private set; }

    /// <summary>All its nodes at once.</summary>
    public IPrivateServer Broker => new ServerGroup(Nodes);
    public PrivatePostgres Postgres { get; private set; } = null!;
    public TestVirtualHost VirtualHost { get; private set; } = null!;
    public TestDatabase Sending { get; private set; } = null!;
    public TestDatabase Handling { get; private set; } = null!;

    /// <summary>The producers' line to the broker, then the consumers'.</summary>
    public IReadOnlyList<TcpProxy> BrokerLines { get; private set; } = [];

    /// <summary>The producers' line to their database, then the consumers'.</summary>
    public IReadOnlyList<TcpProxy> DatabaseLines { get; private set; } = [];

    /// <summary>The machine's own line to the databases, which no fault touches; it leads to the primary as well.</summary>
    private TcpProxy? OwnLine { get; set; }

    public LineWitness LineWitness { get; } = new();

    /// <summary>What a fault took that the broker had confirmed; nobody can promise those messages.</summary>
    public List<Loss> Losses { get; } = [];

    public static async Task<Stage> SetAsync(Arguments arguments, int seed, string folder, History history)
    {
        var stage = new Stage(arguments, seed, folder, history);
        try
        {
            await stage.SetAsync();
            return stage;
        }
        catch
        {
            await stage.DisposeAsync();
            throw;
        }
    }

    private async Task SetAsync()
    {
        Cluster = _arguments.Cluster ? await PrivateRabbitMqCluster.CreateAsync(_arguments.RabbitMq) : null;
        Nodes = Cluster?.Nodes ?? [await PrivateRabbitMq.CreateAsync(_arguments.RabbitMq)];
        Postgres = await PrivatePostgres.CreateAsync(_arguments.Postgres, withDisk: _arguments.Faults.Contains(FillDatabaseDisk.Name));
        History.Say($"RabbitMQ {Nodes[0].Version}{(_arguments.Cluster ? ", a cluster of three" : "")}, PostgreSQL {Postgres.Version}");
        VirtualHost = await TestVirtualHost.CreateAsync(Cluster?.Server ?? Nodes[0].Server);
        OwnLine = await TcpProxy.StartAsync("127.0.0.1", Postgres.Port);
        Sending = await TestDatabase.CreateAsync(Postgres.Server.Through(OwnLine));
        Handling = await TestDatabase.CreateAsync(Postgres.Server.Through(OwnLine));
        await Sending.ExecuteAsync(BusinessTables.Script);
        await Handling.ExecuteAsync(BusinessTables.Script);
        BrokerLines = [await TcpProxy.StartAsync(VirtualHost.HostName, VirtualHost.Port), await TcpProxy.StartAsync(VirtualHost.HostName, VirtualHost.Port)];
        BrokerLines[0].OnClientData(LineWitness.Look);
        DatabaseLines = [await TcpProxy.StartAsync("127.0.0.1", Postgres.Port), await TcpProxy.StartAsync("127.0.0.1", Postgres.Port)];

        // One after the other, so that every queue is there before the first message and two do not create tables at once.
        _supervising = Task.WhenAll(Consumers.Select(slot => slot.SuperviseAsync(_ended.Token)));
        await Eventually.TrueAsync(() => VirtualHost.UseChannelAsync(async channel =>
        {
            foreach (var queue in Subscribers.Queues)
            {
                if (await channel.ConsumerCountAsync(queue) == 0)
                {
                    return false;
                }
            }

            return true;
        }), "the consumers consume", TimeSpan.FromMinutes(10));
        await Task.WhenAll(Nodes.Select(node => node.SyncAsync()));
        _supervising = Task.WhenAll([_supervising, .. Producers.Select(slot => slot.SuperviseAsync(_ended.Token))]);
        await Eventually.TrueAsync(async () => await Sending.ScalarAsync<long>("SELECT count(*) FROM stored") > 0, "the producers store", TimeSpan.FromMinutes(10));
    }

    /// <summary>From now on all lines lead to another server; the one before is removed.</summary>
    public async Task FailOverToAsync(PrivatePostgres primary)
    {
        foreach (var line in DatabaseLines.Append(OwnLine!))
        {
            line.LeadTo("127.0.0.1", primary.Port);
        }

        var before = Postgres;
        Postgres = primary;
        if (before != primary)
        {
            await before.DisposeAsync();
        }
    }

    /// <summary>One of the broker's nodes.</summary>
    public PrivateRabbitMq Node(int dice) => Nodes[dice % Nodes.Count];

    /// <summary>The others: a cluster's majority.</summary>
    public IReadOnlyList<PrivateRabbitMq> NodesBut(int dice) => [.. Nodes.Where(node => node != Node(dice))];

    /// <summary>No more messages from now on.</summary>
    public async Task StopStoringAsync()
    {
        _isStoring = false;
        foreach (var producer in Producers)
        {
            await producer.TellAsync(RoleOrders.StopStoring);
        }
    }

    /// <summary>What an operator does who does not want to wait for the next attempt.</summary>
    public async Task SendNowAsync()
    {
        foreach (var slot in Producers.Concat(Consumers))
        {
            await slot.TellAsync(RoleOrders.SendNow);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync();
        await _supervising;
        foreach (var part in Producers.Concat(Consumers).Cast<IAsyncDisposable?>().Concat(BrokerLines).Concat(DatabaseLines).Concat([OwnLine, Cluster, Postgres]).Concat(Cluster is null ? Nodes : []))
        {
            await (part?.DisposeAsync() ?? ValueTask.CompletedTask);
        }
    }

    private ProcessSlot Slot(string role, int number) =>
        new($"{role}-{number}", name => ChildProcess.StartDotNet(_arguments.Program, ["role", role, Orders(role, name, number).ToString()]), History);

    private RoleOrders Orders(string role, string name, int number)
    {
        var line = role == Role.Producer ? 0 : 1;
        var database = role == Role.Producer ? Sending : Handling;
        // As a careful user has it: a line that is silent is given up in seconds.
        var direct = new NpgsqlConnectionStringBuilder(database.ConnectionString) { Timeout = 5, CommandTimeout = 8, CancellationTimeout = 1000, MaxPoolSize = 30, ApplicationName = name };
        var through = new NpgsqlConnectionStringBuilder(direct.ConnectionString) { Host = DatabaseLines[line].Host, Port = DatabaseLines[line].Port };
        return new RoleOrders(
            name, _folder, HashCode.Combine(_seed, number), _arguments.Soak ? SoakRate : Rate, MaxUnconfirmed: number == 1 ? 2 : 1000, _isStoring, $"{BrokerLines[line].Host}:{BrokerLines[line].Port}", VirtualHost.VirtualHost, VirtualHost.UserName,
            VirtualHost.Password, through.ConnectionString, direct.ConnectionString, _arguments.Soak ? new SoakOrders(_arguments.Leaks) : null);
    }
}

/// <summary>Messages that a fault took away after the broker had confirmed them.</summary>
/// <param name="Queue">Whose messages; null for those of every queue.</param>
/// <param name="Until">Those that were stored before, by the database's clock.</param>
internal sealed record Loss(string? Queue, DateTime Until);

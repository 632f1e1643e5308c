using Npgsql;
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
    public PrivateRabbitMq Broker { get; private set; } = null!;
    public PrivatePostgres Postgres { get; private set; } = null!;
    public TestVirtualHost VirtualHost { get; private set; } = null!;
    public TestDatabase Sending { get; private set; } = null!;
    public TestDatabase Handling { get; private set; } = null!;

    /// <summary>The producers' line to the broker, then the consumers'.</summary>
    public IReadOnlyList<TcpProxy> BrokerLines { get; private set; } = [];

    /// <summary>The producers' line to their database, then the consumers'.</summary>
    public IReadOnlyList<TcpProxy> DatabaseLines { get; private set; } = [];

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
        Broker = await PrivateRabbitMq.CreateAsync(_arguments.RabbitMq);
        Postgres = await PrivatePostgres.CreateAsync(_arguments.Postgres);
        History.Say($"RabbitMQ {Broker.Version}, PostgreSQL {Postgres.Version}");
        VirtualHost = await TestVirtualHost.CreateAsync(Broker.Server);
        Sending = await TestDatabase.CreateAsync(Postgres.Server);
        Handling = await TestDatabase.CreateAsync(Postgres.Server);
        await Sending.ExecuteAsync(BusinessTables.Script);
        await Handling.ExecuteAsync(BusinessTables.Script);
        var postgres = new NpgsqlConnectionStringBuilder(Postgres.Server.ConnectionString);
        BrokerLines = [await TcpProxy.StartAsync(VirtualHost.HostName, VirtualHost.Port), await TcpProxy.StartAsync(VirtualHost.HostName, VirtualHost.Port)];
        DatabaseLines = [await TcpProxy.StartAsync(postgres.Host!, postgres.Port), await TcpProxy.StartAsync(postgres.Host!, postgres.Port)];

        // One after the other, so that every queue is there before the first message and two do not create tables at once.
        _supervising = Task.WhenAll(Consumers.Select(slot => slot.SuperviseAsync(_ended.Token)));
        await Eventually.TrueAsync(() => VirtualHost.UseChannelAsync(async channel =>
        {
            foreach (var queue in Subscribers.Of.Values.SelectMany(all => all))
            {
                if (await channel.ConsumerCountAsync(queue) == 0)
                {
                    return false;
                }
            }

            return true;
        }), "the consumers consume", TimeSpan.FromMinutes(10));
        await Broker.SyncAsync();
        _supervising = Task.WhenAll([_supervising, .. Producers.Select(slot => slot.SuperviseAsync(_ended.Token))]);
        await Eventually.TrueAsync(async () => await Sending.ScalarAsync<long>("SELECT count(*) FROM stored") > 0, "the producers store", TimeSpan.FromMinutes(10));
    }

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
        foreach (var part in Producers.Concat(Consumers).Cast<IAsyncDisposable?>().Concat(BrokerLines).Concat(DatabaseLines).Concat([Broker, Postgres]))
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
        var direct = new NpgsqlConnectionStringBuilder(database.ConnectionString) { Timeout = 5, CommandTimeout = 8, CancellationTimeout = 1000, MaxPoolSize = 30 };
        var through = new NpgsqlConnectionStringBuilder(direct.ConnectionString) { Host = DatabaseLines[line].Host, Port = DatabaseLines[line].Port };
        return new RoleOrders(
            name, _folder, HashCode.Combine(_seed, number), Rate: 12, MaxUnconfirmed: number == 1 ? 2 : 1000, _isStoring, $"{BrokerLines[line].Host}:{BrokerLines[line].Port}", VirtualHost.VirtualHost, VirtualHost.UserName,
            VirtualHost.Password, through.ConnectionString, direct.ConnectionString);
    }
}

/// <summary>Messages that a fault took away after the broker had confirmed them.</summary>
/// <param name="Queue">Whose messages; null for those of every queue.</param>
/// <param name="Until">Those that were stored before, by the database's clock.</param>
internal sealed record Loss(string? Queue, DateTime Until);

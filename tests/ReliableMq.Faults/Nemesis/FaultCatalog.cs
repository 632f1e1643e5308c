using ReliableMq.TestSupport;

namespace ReliableMq.Faults.Nemesis;

/// <summary>All kinds of faults.</summary>
internal static class FaultCatalog
{
    public const string Producer = "producer";
    public const string Consumer = "consumer";
    private const string Clock = "clock";
    public const string Broker = "broker";
    private const string Database = "database";
    public const string BrokerLine = "line to the broker";
    private const string DatabaseLine = "line to the database";
    private const string Person = "operator";

    public static readonly IReadOnlyList<FaultKind> All =
    [
        new("kill-producer", Producer, 14, dice => new KillProcess(stage => stage.Producers[dice % stage.Producers.Count])),
        new("kill-consumer", Consumer, 5, dice => new KillProcess(stage => stage.Consumers[dice % stage.Consumers.Count])),
        // Longer than a lease of 10 s.
        new("freeze-producer", Producer, 16, dice => new FreezeProcess(stage => stage.Producers[dice % stage.Producers.Count])),
        new("freeze-producers", Producer, 16, _ => new FreezeProducers()),
        // Long enough for leases of 10 s to end while much is in hand.
        new("lone-slow-producer", Producer, 36, _ => new LoneSlowProducer()) { LeastSeconds = 28 },
        new("freeze-consumer", Consumer, 16, dice => new FreezeProcess(stage => stage.Consumers[dice % stage.Consumers.Count])),
        new("roll-consumer", Consumer, 0, dice => new RollProcess(stage => stage.Consumers[dice % stage.Consumers.Count])),
        new("jump-clock", Clock, 12, dice => new JumpClock(stage => stage.Producers.Concat(stage.Consumers).ElementAt(dice % 4), dice / 4)),
        new("kill-broker", Broker, 4, _ => new KillServer(stage => stage.Broker)),
        new("stop-broker", Broker, 4, _ => new StopServer(stage => stage.Broker)),
        new("freeze-broker", Broker, 8, _ => new FreezeServer(stage => stage.Broker)),
        new("memory-alarm", Broker, 20, dice => new MemoryAlarm(dice)),
        new("disk-alarm", Broker, 20, dice => new DiskAlarm(dice)),
        new("close-connections", Broker, 0, _ => new CloseConnections()),
        new("revoke-credentials", Broker, 6, _ => new RevokeCredentials()),
        new("delete-exchange", Broker, 0, _ => new DeleteExchange("faults")),
        new("delete-binding", Broker, 0, dice => new DeleteBinding(dice)),
        new("kill-postgres", Database, 3, _ => new KillServer(stage => stage.Postgres)),
        new("stop-postgres", Database, 4, _ => new StopServer(stage => stage.Postgres)),
        new("freeze-postgres", Database, 20, _ => new FreezeServer(stage => stage.Postgres)),
        new("kill-backend", Database, 0, dice => new KillBackend(dice)),
        new("freeze-backend", Database, 12, dice => new FreezeBackend(dice)),
        new("end-backends", Database, 0, dice => new EndBackends(dice)),
        new(FillDatabaseDisk.Name, Database, 10, _ => new FillDatabaseDisk()),
        new("fail-over-postgres", Database, 4, _ => new FailOver()),
        new("cut-broker-line", BrokerLine, 6, dice => new CutLine(stage => stage.BrokerLines[dice % 2])),
        new("reset-broker-line", BrokerLine, 0, dice => new ResetLine(stage => stage.BrokerLines[dice % 2])),
        new("half-open-broker-line", BrokerLine, 8, dice => new HalfOpenLine(stage => stage.BrokerLines[dice % 2])),
        new("lose-broker-answers", BrokerLine, 8, dice => new LoseAnswers(stage => stage.BrokerLines[dice % 2])),
        new("slow-broker-line", BrokerLine, 16, dice => new SlowLine(stage => stage.BrokerLines[dice % 2], dice)),
        new("cut-database-line", DatabaseLine, 25, dice => new CutLine(stage => stage.DatabaseLines[dice % 2])),
        new("reset-database-line", DatabaseLine, 0, dice => new ResetLine(stage => stage.DatabaseLines[dice % 2])),
        new("reset-at-commit", DatabaseLine, 6, _ => new ResetAtCommit()),
        new("half-open-database-line", DatabaseLine, 25, dice => new HalfOpenLine(stage => stage.DatabaseLines[dice % 2])),
        new("lose-database-answers", DatabaseLine, 14, dice => new LoseAnswers(stage => stage.DatabaseLines[dice % 2])),
        new("slow-database-line", DatabaseLine, 8, dice => new SlowLine(stage => stage.DatabaseLines[dice % 2], dice)),
        new("pause-queue", Person, 15, dice => new PauseQueue(dice)),
        // These two take messages away that the broker has confirmed.
        new("delete-queue", Broker, 0, dice => new DeleteQueue(dice), IsDefault: false),
        new("wipe-broker", Broker, 0, _ => new WipeBroker(), IsDefault: false, BrokerKind.Single),
        new("kill-leader", Broker, 5, dice => new KillLeader(dice), Needs: BrokerKind.Cluster),
        new("kill-node", Broker, 5, dice => new KillServer(stage => stage.Node(dice)), Needs: BrokerKind.Cluster),
        new("stop-node", Broker, 5, dice => new StopServer(stage => stage.Node(dice)), Needs: BrokerKind.Cluster),
        // The others take 10 s to call it dead.
        new("freeze-node", Broker, 20, dice => new FreezeServer(stage => stage.Node(dice)), Needs: BrokerKind.Cluster),
        new("cut-off-node", Broker, 20, dice => new CutOffNode(dice), Needs: BrokerKind.Cluster),
        new("kill-majority", Broker, 10, dice => new KillServer(stage => new ServerGroup(stage.NodesBut(dice))), Needs: BrokerKind.Cluster),
        new("freeze-majority", Broker, 20, dice => new FreezeServer(stage => new ServerGroup(stage.NodesBut(dice))), Needs: BrokerKind.Cluster),
    ];

    /// <summary>Those of a single broker.</summary>
    public static readonly IReadOnlyList<string> Default = DefaultOf(cluster: false);

    public static IReadOnlyList<string> DefaultOf(bool cluster) => [.. All.Where(kind => kind.IsDefault && kind.Fits(cluster)).Select(kind => kind.Name)];

    /// <summary>What a service lives through every day: all processes stay, and connect anew.</summary>
    public static readonly IReadOnlyList<string> Gentle = ["close-connections", "end-backends", "reset-broker-line", "reset-database-line"];

    public static FaultKind Find(string name) => All.First(kind => kind.Name == name);

    /// <summary>Names alone are all there are; with + they are added to the usual ones, with - taken from them. "none" is none.</summary>
    public static IReadOnlyList<string> Choose(string text, bool cluster = false)
    {
        if (text == "none")
        {
            return [];
        }

        var parts = text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (parts.Select(part => part.TrimStart('+', '-')).FirstOrDefault(name => All.All(kind => kind.Name != name)) is { } unknown)
        {
            throw new FormatException($"There is no fault '{unknown}'. The faults are {string.Join(", ", All.Select(kind => kind.Name))}.");
        }

        if (parts.Select(part => Find(part.TrimStart('+', '-'))).FirstOrDefault(kind => !kind.Fits(cluster)) is { } unfit)
        {
            throw new FormatException($"The fault '{unfit.Name}' needs {(cluster ? "a single broker. Leave out --cluster or the fault." : "a cluster. Add --cluster, or leave it out.")}");
        }

        var chosen = parts.Where(part => part[0] is not '+' and not '-').ToList();
        IReadOnlyList<string> basis = chosen.Count > 0 ? chosen : DefaultOf(cluster);
        return [.. basis.Union(parts.Where(part => part[0] == '+').Select(part => part[1..])).Except(parts.Where(part => part[0] == '-').Select(part => part[1..]))];
    }
}

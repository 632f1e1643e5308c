namespace ReliableMq.Faults.Nemesis;

/// <summary>All kinds of faults.</summary>
internal static class FaultCatalog
{
    private const string Producer = "producer";
    private const string Consumer = "consumer";
    private const string Clock = "clock";
    private const string Broker = "broker";
    private const string Database = "database";
    private const string BrokerLine = "line to the broker";
    private const string DatabaseLine = "line to the database";

    public static readonly IReadOnlyList<FaultKind> All =
    [
        new("kill-producer", Producer, 5, dice => new KillProcess(stage => stage.Producers[dice % stage.Producers.Count])),
        new("kill-consumer", Consumer, 5, dice => new KillProcess(stage => stage.Consumers[dice % stage.Consumers.Count])),
        // Longer than a lease of 10 s.
        new("freeze-producer", Producer, 16, dice => new FreezeProcess(stage => stage.Producers[dice % stage.Producers.Count])),
        new("freeze-producers", Producer, 16, _ => new FreezeProducers()),
        new("freeze-consumer", Consumer, 16, dice => new FreezeProcess(stage => stage.Consumers[dice % stage.Consumers.Count])),
        new("roll-consumer", Consumer, 0, dice => new RollProcess(stage => stage.Consumers[dice % stage.Consumers.Count])),
        new("jump-clock", Clock, 12, dice => new JumpClock(stage => stage.Producers.Concat(stage.Consumers).ElementAt(dice % 4), dice / 4)),
        new("kill-broker", Broker, 4, _ => new KillServer(stage => stage.Broker)),
        new("stop-broker", Broker, 4, _ => new StopServer(stage => stage.Broker)),
        new("freeze-broker", Broker, 8, _ => new FreezeServer(stage => stage.Broker)),
        new("memory-alarm", Broker, 20, _ => new MemoryAlarm()),
        new("disk-alarm", Broker, 20, _ => new DiskAlarm()),
        new("close-connections", Broker, 0, _ => new CloseConnections()),
        new("revoke-credentials", Broker, 6, _ => new RevokeCredentials()),
        new("delete-exchange", Broker, 0, _ => new DeleteExchange("faults")),
        new("delete-binding", Broker, 0, dice => new DeleteBinding(dice)),
        new("kill-postgres", Database, 3, _ => new KillServer(stage => stage.Postgres)),
        new("stop-postgres", Database, 4, _ => new StopServer(stage => stage.Postgres)),
        new("freeze-postgres", Database, 10, _ => new FreezeServer(stage => stage.Postgres)),
        new("kill-backend", Database, 0, dice => new KillBackend(dice)),
        new("end-backends", Database, 0, dice => new EndBackends(dice)),
        new("cut-broker-line", BrokerLine, 6, dice => new CutLine(stage => stage.BrokerLines[dice % 2])),
        new("reset-broker-line", BrokerLine, 0, dice => new ResetLine(stage => stage.BrokerLines[dice % 2])),
        new("half-open-broker-line", BrokerLine, 8, dice => new HalfOpenLine(stage => stage.BrokerLines[dice % 2])),
        new("lose-broker-answers", BrokerLine, 8, dice => new LoseAnswers(stage => stage.BrokerLines[dice % 2])),
        new("slow-broker-line", BrokerLine, 16, dice => new SlowLine(stage => stage.BrokerLines[dice % 2], dice)),
        new("cut-database-line", DatabaseLine, 6, dice => new CutLine(stage => stage.DatabaseLines[dice % 2])),
        new("reset-database-line", DatabaseLine, 0, dice => new ResetLine(stage => stage.DatabaseLines[dice % 2])),
        new("half-open-database-line", DatabaseLine, 8, dice => new HalfOpenLine(stage => stage.DatabaseLines[dice % 2])),
        new("lose-database-answers", DatabaseLine, 8, dice => new LoseAnswers(stage => stage.DatabaseLines[dice % 2])),
        new("slow-database-line", DatabaseLine, 8, dice => new SlowLine(stage => stage.DatabaseLines[dice % 2], dice)),
        // These two take messages away that the broker has confirmed.
        new("delete-queue", Broker, 0, dice => new DeleteQueue(dice), IsDefault: false),
        new("wipe-broker", Broker, 0, _ => new WipeBroker(), IsDefault: false),
    ];

    public static readonly IReadOnlyList<string> Default = [.. All.Where(kind => kind.IsDefault).Select(kind => kind.Name)];

    public static FaultKind Find(string name) => All.First(kind => kind.Name == name);

    /// <summary>Names alone are all there are; with + they are added to the usual ones, with - taken from them.</summary>
    public static IReadOnlyList<string> Choose(string text)
    {
        var parts = text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (parts.Select(part => part.TrimStart('+', '-')).FirstOrDefault(name => All.All(kind => kind.Name != name)) is { } unknown)
        {
            throw new FormatException($"There is no fault '{unknown}'. The faults are {string.Join(", ", All.Select(kind => kind.Name))}.");
        }

        var chosen = parts.Where(part => part[0] is not '+' and not '-').ToList();
        IReadOnlyList<string> basis = chosen.Count > 0 ? chosen : Default;
        return [.. basis.Union(parts.Where(part => part[0] == '+').Select(part => part[1..])).Except(parts.Where(part => part[0] == '-').Select(part => part[1..]))];
    }
}

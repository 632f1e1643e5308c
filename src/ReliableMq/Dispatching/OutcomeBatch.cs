using ReliableMq.Alerting;
using ReliableMq.Outbox;

namespace ReliableMq.Dispatching;

/// <summary>Outcomes by what has to be written about them; rows with an ordering key are written by their key's lease.</summary>
internal sealed class OutcomeBatch
{
    public Rows<OutboxRow> Sent { get; } = new(row => row);

    public Rows<OutboxRow> Expired { get; } = new(row => row);

    public Rows<OutboxRow> Lost { get; } = new(row => row);

    public Rows<FailedRow> Failed { get; } = new(failed => failed.Row);

    /// <summary>What operators should hear of.</summary>
    public List<AlertRaise> Raises { get; } = [];

    public int Count => Sent.Count + Expired.Count + Lost.Count + Failed.Count;

    public void Clear()
    {
        Sent.Clear();
        Expired.Clear();
        Lost.Clear();
        Failed.Clear();
        Raises.Clear();
    }

    internal sealed class Rows<T>(Func<T, OutboxRow> rowOf)
    {
        public List<T> Unkeyed { get; } = [];

        public List<T> Keyed { get; } = [];

        public int Count => Unkeyed.Count + Keyed.Count;

        public IEnumerable<T> All => Unkeyed.Concat(Keyed);

        public void Add(T item) => (rowOf(item).Key is null ? Unkeyed : Keyed).Add(item);

        public void Clear()
        {
            Unkeyed.Clear();
            Keyed.Clear();
        }
    }
}

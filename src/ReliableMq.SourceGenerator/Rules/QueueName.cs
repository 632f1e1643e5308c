using System.Text;

namespace ReliableMq.SourceGenerator;

/// <summary>What RabbitMQ accepts as the name of a queue that a client declares (AMQP 0-9-1: a short string).</summary>
internal static class QueueName
{
    private const int MaxBytes = 255;

    /// <summary>What is wrong with a name and the remedy, to follow its value in a sentence; null where nothing is.</summary>
    public static string? Fault(string name) =>
        string.IsNullOrWhiteSpace(name) ? "is empty; name the queue to consume"
        : name.Any(Printable.IsHidden) ? "contains a control character; remove it"
        : Encoding.UTF8.GetByteCount(name) is var bytes and > MaxBytes ? $"has {bytes} bytes in UTF-8; use at most {MaxBytes}"
        : name.StartsWith("amq.", StringComparison.Ordinal) ? "starts with 'amq.', which RabbitMQ keeps for itself; use another name"
        : null;
}

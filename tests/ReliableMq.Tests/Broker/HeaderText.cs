using System.Globalization;
using RabbitMQ.Client;

namespace ReliableMq.Tests.Broker;

/// <summary>Header values with their types as text, to compare what is nested.</summary>
internal static class HeaderText
{
    public static string Of(object? value) => value switch
    {
        null => "null",
        byte[] bytes => $"bytes {Convert.ToHexString(bytes)}",
        BinaryTableValue binary => $"binary {Convert.ToHexString(binary.Bytes)}",
        Dictionary<string, object?> table => $"{{{string.Join(", ", table.Select(member => $"{member.Key}: {Of(member.Value)}"))}}}",
        List<object?> list => $"[{string.Join(", ", list.Select(Of))}]",
        _ => string.Create(CultureInfo.InvariantCulture, $"{value.GetType().Name} {value}"),
    };
}

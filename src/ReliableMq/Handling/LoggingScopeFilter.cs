using System.Collections;
using System.Globalization;
using Microsoft.Extensions.Logging;
using ReliableMq.Diagnostics;

namespace ReliableMq.Handling;

/// <summary>Gives what handlers log the message they handle.</summary>
internal sealed class LoggingScopeFilter(QuietLogger<LoggingScopeFilter> logger) : IHandlingFilter
{
    public async ValueTask HandleAsync(object message, MessageContext context, Func<ValueTask> next)
    {
        using (logger.BeginScope(new Scope(context)))
        {
            await next();
        }
    }

    private sealed class Scope(MessageContext context) : IReadOnlyList<KeyValuePair<string, object?>>
    {
        public int Count => 4;

        public KeyValuePair<string, object?> this[int index] => index switch
        {
            0 => new("MessageId", context.MessageId),
            1 => new("MessageName", context.MessageName),
            2 => new("Queue", context.Queue),
            3 => new("Attempt", context.Attempt),
            _ => throw new ArgumentOutOfRangeException(nameof(index)),
        };

        public IEnumerator<KeyValuePair<string, object?>> GetEnumerator() => Enumerable.Range(0, Count).Select(index => this[index]).GetEnumerator();

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

        public override string ToString() => string.Create(CultureInfo.InvariantCulture,
            $"message {context.MessageName} {context.MessageId} from {context.Queue}, attempt {context.Attempt}");
    }
}

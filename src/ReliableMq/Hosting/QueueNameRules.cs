using ReliableMq.Broker.Naming;
using ReliableMq.Handling;

namespace ReliableMq.Hosting;

/// <summary>Whether the names of the handlers' queues, and what the naming policy makes of them, can be used.</summary>
internal static class QueueNameRules
{
    public static void Check(List<HandlerDefinition> handlers, List<MessageReading> readings, NamesInUse names, List<string> errors)
    {
        var queues = handlers.Select(handler => handler.Queue).Distinct().ToList();
        var deadLetterQueues = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var queue in queues)
        {
            if (queue.Length == 0 || !MessageNames.IsShortString(queue))
            {
                errors.Add($"The queue name \"{queue}\" is not valid. Use 1 to {MessageNames.MaxShortStringBytes} bytes of UTF-8.");
            }
            else if (Told(() => names.DeadLetterQueueOf(queue), errors) is { } dead && !deadLetterQueues.TryAdd(dead, queue))
            {
                errors.Add($"The queues \"{deadLetterQueues[dead]}\" and \"{queue}\" have the same dead-letter queue \"{dead}\" by the naming policy. Give each its own.");
            }
        }

        foreach (var queue in queues.Where(deadLetterQueues.ContainsKey))
        {
            errors.Add($"The queue \"{queue}\" has a handler, but it is the dead-letter queue of \"{deadLetterQueues[queue]}\", which ReliableMq reads itself. Give the handler another queue.");
        }

        foreach (var reading in readings)
        {
            Told(() => names.BindingOf(reading).Exchange, errors);
        }

        foreach (var handler in handlers)
        {
            if (Told(() => names.ExpectedQueue(handler.Queue, handler.MessageName, MessageNames.TargetOf(handler.MessageType)), []) is { } expected)
            {
                errors.Add($"The queue \"{handler.Queue}\" of \"{handler.HandlerName}\" does not fit the naming policy. Call the queue of the message \"{handler.MessageName}\" \"{expected}\" in [MessageHandler].");
            }
        }
    }

    /// <summary>A policy is the user's code and may refuse; its error is one of all that are told at once.</summary>
    public static T? Told<T>(Func<T?> ask, List<string> errors)
    {
        try
        {
            return ask();
        }
        catch (Exception exception)
        {
            if (!errors.Contains(exception.Message))
            {
                errors.Add(exception.Message);
            }

            return default;
        }
    }
}

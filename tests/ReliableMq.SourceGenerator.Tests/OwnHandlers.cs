using Microsoft.Extensions.DependencyInjection;

namespace ReliableMq.SourceGenerator.Tests;

[Message("own.message.v1")]
public sealed record OwnMessage(Guid Id);

[Message("own.struct.v1")]
public readonly record struct OwnStruct(int Number);

public sealed record Word(string Text);

/// <summary>What the handlers saw.</summary>
public sealed class Journal
{
    public List<string> Calls { get; } = [];

    public MessageContext? Context { get; set; }

    public IReadOnlyList<MessageContext>? Contexts { get; set; }

    public CancellationToken Token { get; set; }
}

public sealed class OwnHandlers(Journal journal)
{
    private int _calls;

    [MessageHandler("own.void", Retry = "1s, 10s", Timeout = "30s", Concurrency = 4, Prefetch = 40)]
    public void Void(OwnMessage message) => Note("own.void", message, journal);

    [MessageHandler("own.task")]
    public async Task Task(OwnMessage message)
    {
        await System.Threading.Tasks.Task.Yield();
        Note("own.task", message, journal);
    }

    [MessageHandler("own.value-task")]
    public async ValueTask ValueTask(OwnMessage message)
    {
        await System.Threading.Tasks.Task.Yield();
        Note("own.value-task", message, journal);
    }

    [MessageHandler("own.static")]
    public static void Static(OwnMessage message, Journal notes) => Note("own.static", message, notes);

    [MessageHandler("own.struct", Order = QueueOrder.ByKey)]
    public void Struct(OwnStruct message) => journal.Calls.Add($"struct {message.Number}");

    [MessageHandler("own.instance")]
    public void Instance(OwnMessage message) => journal.Calls.Add($"call {++_calls}");

    [MessageHandler("own.parameters")]
    public void Parameters(
        OwnMessage message,
        CancellationToken token,
        [FromKeyedServices("first")] Word word,
        MessageContext context,
        Word? missing,
        [FromKeyedServices("second")] Word? missingToo = null)
    {
        journal.Calls.Add($"parameters {message.Id} {word.Text}{missing}{missingToo}");
        (journal.Context, journal.Token) = (context, token);
    }

    [MessageHandler("own.batch", BatchSize = 20, Linger = "20ms", DeriveMessageIds = true, Inbox = typeof(NoInbox))]
    [Binding("legacy", "own.#")]
    [Binding("amq.topic", "*")]
    public async ValueTask Batch(IReadOnlyList<OwnMessage> messages, CancellationToken token, Journal notes, IReadOnlyList<MessageContext> contexts)
    {
        await System.Threading.Tasks.Task.Yield();
        (notes.Contexts, notes.Token) = (contexts, token);
        notes.Calls.Add($"batch of {messages.Count}, the last {messages[^1].Id}");
    }

    [MessageHandler("own.struct-batch")]
    public static void Structs(IReadOnlyList<OwnStruct> messages, Journal notes) => notes.Calls.Add($"structs {string.Join(' ', messages.Select(message => message.Number))}");

    private static void Note(string queue, OwnMessage message, Journal notes)
    {
        if (message.Id == Guid.Empty)
        {
            throw new InvalidOperationException(queue);
        }

        notes.Calls.Add($"{queue} {message.Id}");
    }
}

using Microsoft.EntityFrameworkCore;
using Npgsql;
using ReliableMq.Outbox;
using ReliableMq.Storage;

namespace ReliableMq.Handling;

/// <summary>The message, or batch of them, that is being handled on this flow of control.</summary>
/// <param name="database">Where it is marked as done; null for a handler without an inbox.</param>
/// <param name="context">The handler's context, where it has one.</param>
/// <param name="connection">The connection of its transaction.</param>
/// <param name="messageId">The cause of the messages that are added; null for a batch.</param>
/// <param name="correlationId">What these messages have, too, unless they are given another.</param>
/// <param name="handlerName">For errors.</param>
internal sealed class HandlingScope(
    ServiceDatabase? database, DbContext? context, NpgsqlConnection? connection, string? messageId, string? correlationId, string handlerName) : IDisposable
{
    private static readonly AsyncLocal<HandlingScope?> Flow = new();
    private List<OutboxMessage>? _added;
    private volatile bool _ended;

    /// <summary>Null as well for what a handler has left running behind it.</summary>
    public static HandlingScope? Current => Flow.Value is { _ended: false } current ? current : null;

    public string? MessageId => messageId;

    public string? CorrelationId => correlationId;

    public string HandlerName => handlerName;

    /// <summary>Runs something as a part of the handling.</summary>
    public async ValueTask RunAsync(Func<ValueTask> part)
    {
        // The flow's value ends with this method, because the caller has its own.
        Flow.Value = this;
        await part();
    }

    /// <summary>A message was stored in the handler's transaction, whose end is known here: the dispatcher hears of it then.</summary>
    /// <returns>False for another connection's transaction.</returns>
    public bool TryKeep(NpgsqlConnection of, ServiceDatabase storedIn, IReadOnlyList<OutboxMessage> messages)
    {
        if (of != connection || storedIn.Sender != database?.Sender)
        {
            return false;
        }

        (_added ??= []).AddRange(messages);
        return true;
    }

    /// <summary>A handler without an inbox has no transaction to which its messages could belong.</summary>
    private bool HasTransaction => context is not null || connection is not null;

    public void Committed()
    {
        if (_added is { } added)
        {
            database!.HandOver(added);
        }
    }

    /// <summary>A message belongs to the transaction of its handler: in another it could be sent although the handling fails.</summary>
    public void RefuseOther(DbContext other)
    {
        if (HasTransaction && context != other)
        {
            throw new ReliableMqException(
                $"A message was added to another \"{other.GetType().Name}\" than the one in whose transaction \"{handlerName}\" handles, so it could be sent although the handling fails. {Remedy}");
        }
    }

    /// <inheritdoc cref="RefuseOther(DbContext)"/>
    public void RefuseOther(NpgsqlConnection other, string what)
    {
        if (HasTransaction && connection != other)
        {
            throw new ReliableMqException(
                $"{what} was added in another transaction than the one in which \"{handlerName}\" handles, so it could be sent although the handling fails. {Remedy}");
        }
    }

    private string Remedy => context is null
        ? "Add it with IOutbox in the transaction of the handler's MessageContext."
        : "Add it to the context that is injected into the handler.";

    /// <summary>The transaction of a message ends after its handler, by the library: otherwise its effect could be doubled.</summary>
    public static void RefuseToEnd(DbContext? of)
    {
        if (of is not null && Current is { } handling && handling.IsOn(of))
        {
            throw new PermanentFailureException(
                $"The handler \"{handling.HandlerName}\" tried to commit or roll back the transaction in which its message is handled. It is committed after the handler; throw to have it rolled back.");
        }
    }

    private bool IsOn(DbContext other) => context == other;

    public void Dispose() => _ended = true;
}

using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace ReliableMq.CrashPoints;

/// <summary>What is the matter with a message as long as no row of <c>mended</c> names it.</summary>
public enum Trouble
{
    None,

    /// <summary>It is given up at once.</summary>
    ForGood,

    /// <summary>It is tried again soon: its delivery is held.</summary>
    ForAMoment,

    /// <summary>It is tried again in an hour: it is scheduled.</summary>
    ForAnHour,
}

/// <summary>A message that the service sends to itself.</summary>
[Message("crashes.number.v1")]
public sealed record Number(int Value, Trouble Trouble = Trouble.None);

/// <summary>The same, in a queue that keeps order.</summary>
[Message("crashes.in-order.v1")]
public sealed record InOrder(int Value, Trouble Trouble = Trouble.None);

/// <summary>The same, in a queue without an inbox.</summary>
[Message("crashes.forgettable.v1")]
public sealed record Forgettable(int Value);

public sealed class CrashDb(DbContextOptions<CrashDb> options) : DbContext(options);

/// <summary>Their effect is a row, written before they fail.</summary>
public sealed class NumberHandlers(NpgsqlDataSource database)
{
    public const string Queue = "crashes.numbers", QueueInOrder = "crashes.in-order", QueueWithoutInbox = "crashes.forgettable";

    [MessageHandler(Queue, Retry = "100ms", Inbox = typeof(CrashDb))]
    public Task HandleAsync(Number number, MessageContext context) => HandleAsync(number.Value, number.Trouble, context);

    [MessageHandler(QueueInOrder, Order = QueueOrder.ByKey, Inbox = typeof(CrashDb))]
    public Task HandleInOrderAsync(InOrder number, MessageContext context) => HandleAsync(number.Value, number.Trouble, context);

    /// <summary>It has no transaction to take its effect back.</summary>
    [MessageHandler(QueueWithoutInbox, Retry = "100ms", Inbox = typeof(NoInbox))]
    public async Task HandleForgettableAsync(Forgettable number, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        if (!await IsMendedAsync(connection, null, number.Value, cancellationToken))
        {
            throw new InvalidOperationException($"{number.Value} does not work yet.");
        }

        await WriteAsync(connection, null, number.Value, cancellationToken);
    }

    private static async Task HandleAsync(int number, Trouble trouble, MessageContext context)
    {
        var connection = context.Transaction!.Connection!;
        await WriteAsync(connection, context.Transaction, number, context.CancellationToken);
        if (trouble == Trouble.None || await IsMendedAsync(connection, context.Transaction, number, context.CancellationToken))
        {
            return;
        }

        switch (trouble)
        {
            case Trouble.ForAnHour:
                context.RetryAfter(TimeSpan.FromHours(1));
                break;
            case Trouble.ForAMoment:
                throw new InvalidOperationException($"{number} does not work yet.");
            default:
                throw new PermanentFailureException($"{number} needs mending.");
        }
    }

    private static async Task WriteAsync(NpgsqlConnection connection, NpgsqlTransaction? transaction, int number, CancellationToken cancellationToken)
    {
        await using var effect = new NpgsqlCommand("INSERT INTO effect (number) VALUES ($1)", connection, transaction) { Parameters = { new() { Value = number } } };
        await effect.ExecuteNonQueryAsync(cancellationToken);
    }

    private static async Task<bool> IsMendedAsync(NpgsqlConnection connection, NpgsqlTransaction? transaction, int number, CancellationToken cancellationToken)
    {
        await using var look = new NpgsqlCommand("SELECT EXISTS (SELECT FROM mended WHERE number = $1)", connection, transaction) { Parameters = { new() { Value = number } } };
        return (bool)(await look.ExecuteScalarAsync(cancellationToken))!;
    }
}

using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace ReliableMq.Broker.Topology;

/// <summary>What the broker says to a question or a declaration.</summary>
internal enum TopologyAnswer
{
    AsNeeded,
    Missing,
    Different,

    /// <summary>The user has no right to it.</summary>
    Forbidden,
}

/// <summary>Asks the broker, each question on a channel of its own, because a refused one closes its channel.</summary>
internal static class TopologyProbe
{
    public static async Task<(TopologyAnswer Answer, string Text)> AskAsync(IConnection connection, Func<IChannel, Task> ask, CancellationToken cancellationToken)
    {
        await using var channel = await connection.CreateChannelAsync(cancellationToken: cancellationToken);
        try
        {
            await ask(channel);
            return (TopologyAnswer.AsNeeded, "");
        }
        catch (OperationInterruptedException exception) when (AnswerOf(exception.ShutdownReason?.ReplyCode) is { } answer)
        {
            return (answer, exception.ShutdownReason!.ReplyText);
        }
    }

    private static TopologyAnswer? AnswerOf(ushort? code) => code switch
    {
        Constants.NotFound => TopologyAnswer.Missing,
        Constants.PreconditionFailed or Constants.ResourceLocked => TopologyAnswer.Different,
        Constants.AccessRefused => TopologyAnswer.Forbidden,
        _ => null,
    };

    public static Func<IChannel, Task> ExchangeExists(string exchange, CancellationToken cancellationToken) =>
        channel => channel.ExchangeDeclarePassiveAsync(exchange, cancellationToken);

    public static Func<IChannel, Task> QueueExists(string queue, CancellationToken cancellationToken) =>
        channel => channel.QueueDeclarePassiveAsync(queue, cancellationToken);

    public static Func<IChannel, Task> DeclareExchange(string exchange, CancellationToken cancellationToken) =>
        channel => channel.ExchangeDeclareAsync(exchange, ExchangeType.Topic, durable: true, autoDelete: false, cancellationToken: cancellationToken);

    public static Func<IChannel, Task> DeclareQueue(string queue, Dictionary<string, object?> arguments, CancellationToken cancellationToken) =>
        channel => channel.QueueDeclareAsync(queue, durable: true, exclusive: false, autoDelete: false, arguments, cancellationToken: cancellationToken);

    public static Func<IChannel, Task> Bind(string queue, Binding binding, CancellationToken cancellationToken) =>
        channel => channel.QueueBindAsync(queue, binding.Exchange, binding.RoutingKey, cancellationToken: cancellationToken);

    /// <summary>
    /// Has the broker write a binding anew, which makes one route that is listed only. One beside it, which differs in an
    /// argument that routes nothing, comes and goes; what routes meanwhile goes on.
    /// </summary>
    public static Func<IChannel, Task> Rewrite(string queue, Binding binding, CancellationToken cancellationToken) => async channel =>
    {
        var beside = new Dictionary<string, object?> { ["reliable-mq-rewrite"] = true };
        await channel.QueueBindAsync(queue, binding.Exchange, binding.RoutingKey, beside, cancellationToken: cancellationToken);
        // Also where the process stops now: what stays would route for ever.
        await channel.QueueUnbindAsync(queue, binding.Exchange, binding.RoutingKey, beside, CancellationToken.None);
    };
}

using ReliableMq.Failing;
using ReliableMq.Receiving;

namespace ReliableMq.Handling;

/// <summary>One name under which a queue takes a message: what it is read as, and how that becomes what the handler takes.</summary>
/// <param name="Name">The name, or alias, on the wire.</param>
/// <param name="Type">What the body is read as.</param>
/// <param name="Handler">Who takes it.</param>
/// <param name="Upcasters">From <paramref name="Type"/> to the handler's message, in this order.</param>
internal sealed record MessageReading(string Name, Type Type, HandlerDefinition Handler, IReadOnlyList<UpcasterRegistration> Upcasters)
{
    /// <summary>Every name that leads to the handler. Upcasters that go round in a circle end here as well.</summary>
    public static IEnumerable<MessageReading> Of(HandlerDefinition handler, IReadOnlyCollection<UpcasterRegistration> upcasters)
    {
        var seen = new HashSet<Type> { handler.MessageType };
        var open = new Queue<(Type Type, string Name, UpcasterRegistration[] Upcasters)>([(handler.MessageType, handler.MessageName, [])]);
        while (open.TryDequeue(out var next))
        {
            foreach (var name in MessageNames.AliasesOf(next.Type).Prepend(next.Name))
            {
                yield return new MessageReading(name, next.Type, handler, next.Upcasters);
            }

            foreach (var before in upcasters.Where(upcaster => upcaster.New == next.Type && seen.Add(upcaster.Old)))
            {
                open.Enqueue((before.Old, MessageNames.Of(before.Old), [before, .. next.Upcasters]));
            }
        }
    }

    /// <summary>The message as its handler takes it.</summary>
    public object Read(Delivery delivery, MessageSerializer serializer, IServiceProvider services)
    {
        var message = serializer.Deserialize(delivery.Body, Type, delivery.ContentType, Name);
        foreach (var upcaster in Upcasters)
        {
            try
            {
                message = upcaster.Upcast(services, message) ?? throw new InvalidOperationException("It returned null.");
            }
            catch (Exception exception)
            {
                throw new UnreadableMessageException(
                    $"The upcaster \"{upcaster.Type.FullName}\" cannot make a \"{upcaster.New.FullName}\" of the message \"{Name}\": {exception.Message}", exception);
            }
        }

        return message;
    }
}

/// <summary>What <c>AddUpcaster</c> said.</summary>
internal sealed record UpcasterRegistration(Type Old, Type New, Type Type, Func<IServiceProvider, object, object?> Upcast);

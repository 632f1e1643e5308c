using System.Collections.Concurrent;
using System.Reflection;
using System.Text;

namespace ReliableMq;

/// <summary>The names of messages on the wire.</summary>
internal static class MessageNames
{
    public const int MaxLength = 200;

    /// <summary>RabbitMQ's short strings hold at most 255 bytes of UTF-8.</summary>
    public const int MaxShortStringBytes = 255;

    /// <summary>With the longest name and the words around them, a policy's names still fit a short string.</summary>
    public const int MaxTargetLength = 40;

    // What an attribute says never changes while a process lives.
    private static readonly ConcurrentDictionary<Type, string> Names = new();
    private static readonly ConcurrentDictionary<Type, string?> Targets = new();

    private static readonly ConcurrentDictionary<Type, string> ContentTypes = new();

    private static readonly ConcurrentDictionary<Type, IReadOnlyList<string>> Aliases = new();

    private static readonly string Rule =
        $"Use at least two parts of lower-case letters, digits, '-' and '_', separated by dots, at most {MaxLength} characters, like \"orders.order-placed.v1\".";

    public static string Of(Type type) => Names.GetOrAdd(type, static type =>
    {
        var name = type.GetCustomAttribute<MessageAttribute>(inherit: false)?.Name;
        if (MarkedBaseOf(type) is { } marked)
        {
            throw new ReliableMqException(name is null
                ? $"The type \"{type.FullName}\" is not a message, though its base class \"{marked.FullName}\" is: its receivers would lose what \"{type.Name}\" adds. Add a \"{marked.Name}\", or give both a base class without [Message] and each its own name."
                : $"The message \"{type.FullName}\" derives from the message \"{marked.FullName}\", whose handlers would not get it. Give both a base class without [Message].");
        }

        Check(name ?? throw new ReliableMqException(
            $"The type \"{type.FullName}\" is not a message. Mark it with [Message(\"domain.name.v1\")]."), type.FullName!);
        return name;
    });

    /// <summary>The names that its handlers take besides its own.</summary>
    public static IReadOnlyList<string> AliasesOf(Type type) => Aliases.GetOrAdd(type, static type =>
    {
        var attribute = type.GetCustomAttribute<MessageAttribute>(inherit: false);
        var known = new HashSet<string?>(StringComparer.Ordinal) { attribute?.Name };
        foreach (var alias in attribute?.Aliases ?? [])
        {
            if (!IsValid(alias))
            {
                throw new ReliableMqException(
                    $"The alias \"{alias}\" of the message \"{type.FullName}\" is not valid. {Rule}");
            }

            if (!known.Add(alias))
            {
                throw new ReliableMqException($"The message \"{type.FullName}\" has the name \"{alias}\" twice. Remove it from [Message(…, Aliases = …)].");
            }
        }

        return attribute?.Aliases ?? [];
    });

    private static Type? MarkedBaseOf(Type type)
    {
        var ancestor = type.BaseType;
        while (ancestor is not null && !ancestor.IsDefined(typeof(MessageAttribute), inherit: false))
        {
            ancestor = ancestor.BaseType;
        }

        return ancestor;
    }

    public static string? TargetOf(Type type) => Targets.GetOrAdd(type, static type =>
    {
        var target = type.GetCustomAttribute<MessageAttribute>(inherit: false)?.Target;
        return target is null || (target.Length is > 0 and <= MaxTargetLength && target.All(IsInPart))
            ? target
            : throw new ReliableMqException(
                $"The target \"{target}\" of the message \"{type.FullName}\" is not valid. Use 1 to {MaxTargetLength} lower-case letters, digits, '-' and '_', like \"product\", or leave it out.");
    });

    /// <summary>The first part of a name: who owns the message.</summary>
    public static string DomainOf(string messageName) => messageName.Split('.', 2)[0];

    public static string ContentTypeOf(Type type) => ContentTypes.GetOrAdd(type, static type =>
        type.GetCustomAttribute<MessageAttribute>(inherit: false)?.ContentType ?? "application/json");

    public static void Check(string name, string of)
    {
        if (!IsValid(name))
        {
            throw new ReliableMqException(
                $"The message name \"{name}\" of \"{of}\" is not valid. {Rule}");
        }
    }

    public static bool IsValid(string? name)
    {
        if (name is null or { Length: 0 or > MaxLength } || !name.Contains('.'))
        {
            return false;
        }

        var partLength = 0;
        foreach (var c in name)
        {
            if (c == '.')
            {
                if (partLength == 0)
                {
                    return false;
                }

                partLength = 0;
            }
            else if (IsInPart(c))
            {
                partLength++;
            }
            else
            {
                return false;
            }
        }

        return partLength > 0;
    }

    private static bool IsInPart(char c) => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-' or '_';

    public static bool IsShortString(string text) => Encoding.UTF8.GetByteCount(text) <= MaxShortStringBytes;
}

using System.Text.Json;

namespace ReliableMq.TestSupport;

/// <summary>An AMQP client that is not ours: amqplib, by Node.</summary>
public static class NodeClient
{
    private const string Program = """
        const messages = JSON.parse(process.argv[2]);
        require('amqplib').connect(process.argv[1]).then(async connection => {
            const channel = await connection.createConfirmChannel();
            channel.on('return', message => { console.error('returned: ' + message.fields.routingKey); process.exit(2); });
            for (const message of messages) {
                channel.publish(message.exchange, message.key, Buffer.from(message.body, message.encoding), { mandatory: true, ...message.options });
            }
            await channel.waitForConfirms();
            await connection.close();
        }).catch(error => { console.error(error); process.exit(1); });
        """;

    /// <summary>Why it cannot be had on this machine; null where it can.</summary>
    public static async Task<string?> MissingAsync()
    {
        try
        {
            await DevScript.ValuesAsync(["tool", "amqplib"]);
            return null;
        }
        catch (InvalidOperationException exception)
        {
            return exception.Message;
        }
    }

    /// <summary>Publishes one after the other, each routed and confirmed; anything else is an error that says so.</summary>
    public static async Task PublishAsync(TestVirtualHost broker, params ForeignMessage[] messages)
    {
        var modules = (await DevScript.ValuesAsync(["tool", "amqplib"]))["path"];
        await using var node = ChildProcess.Start(
            "node",
            ["-e", Program, broker.Uri.ToString(), JsonSerializer.Serialize(messages, JsonSerializerOptions.Web)],
            new Dictionary<string, string?> { ["NODE_PATH"] = modules });
        await node.WaitForExitAsync();
        if (node.ExitCode != 0)
        {
            throw new InvalidOperationException($"The messages could not be published: {string.Join('\n', node.Output)}");
        }
    }
}

/// <summary>What is published.</summary>
/// <param name="Exchange">The exchange.</param>
/// <param name="Key">The routing key.</param>
/// <param name="Body">Text.</param>
/// <param name="Options">As amqplib's documentation calls them, such as <c>messageId</c>.</param>
/// <param name="Encoding">Of the body's text, as Node calls it.</param>
public sealed record ForeignMessage(string Exchange, string Key, string Body, object Options, string Encoding = "utf8");

using Microsoft.Extensions.DependencyInjection;

namespace ReliableMq.SourceGenerator.Tests;

/// <summary>Runs what the generator wrote for this project's own handlers, compiled by the SDK.</summary>
public sealed class InvocationTests
{
    private static readonly Guid Order = Guid.NewGuid();

    [Fact]
    public async Task A_handler_gets_the_message_the_context_its_token_and_services_in_its_own_order()
    {
        using var stop = new CancellationTokenSource();
        var (journal, context) = await Run("own.parameters", new OwnMessage(Order), stop.Token);

        journal.Calls.ShouldBe([$"parameters {Order} services"]);
        journal.Context.ShouldBeSameAs(context);
        journal.Token.ShouldBe(stop.Token);
    }

    [Theory]
    [InlineData("own.void")]
    [InlineData("own.task")]
    [InlineData("own.value-task")]
    [InlineData("own.static")]
    public async Task The_call_ends_when_the_handler_ends(string queue)
    {
        var (journal, _) = await Run(queue, new OwnMessage(Order));

        journal.Calls.ShouldBe([$"{queue} {Order}"]);
    }

    [Theory]
    [InlineData("own.void")]
    [InlineData("own.task")]
    [InlineData("own.value-task")]
    [InlineData("own.static")]
    public async Task What_a_handler_throws_arrives_at_its_caller(string queue) =>
        (await Should.ThrowAsync<InvalidOperationException>(() => Run(queue, new OwnMessage(Guid.Empty)))).Message.ShouldBe(queue);

    [Fact]
    public async Task A_struct_is_a_message_too()
    {
        var (journal, _) = await Run("own.struct", new OwnStruct(7));

        journal.Calls.ShouldBe(["struct 7"]);
    }

    [Fact]
    public async Task A_batch_handler_gets_the_messages_their_contexts_the_token_and_services_in_its_own_order()
    {
        using var stop = new CancellationTokenSource();
        var (journal, contexts) = await RunBatch("own.batch", [new OwnMessage(Guid.Empty), new OwnMessage(Order)], stop.Token);

        journal.Calls.ShouldBe([$"batch of 2, the last {Order}"]);
        journal.Contexts.ShouldBeSameAs(contexts);
        journal.Token.ShouldBe(stop.Token);
    }

    [Fact]
    public async Task Structs_come_in_batches_too() =>
        (await RunBatch("own.struct-batch", [new OwnStruct(7), new OwnStruct(8)])).Journal.Calls.ShouldBe(["structs 7 8"]);

    [Fact]
    public async Task Each_scope_has_its_own_handler()
    {
        await using var provider = Provider();
        var invoke = Definition(provider, "own.instance").Invoke!;
        await using var one = provider.CreateAsyncScope();
        await using var two = provider.CreateAsyncScope();

        await invoke(one.ServiceProvider, new OwnMessage(Order), Context("own.instance", default));
        await invoke(one.ServiceProvider, new OwnMessage(Order), Context("own.instance", default));
        await invoke(two.ServiceProvider, new OwnMessage(Order), Context("own.instance", default));

        provider.GetRequiredService<Journal>().Calls.ShouldBe(["call 1", "call 2", "call 1"]);
    }

    [Fact]
    public void A_handler_registered_by_the_application_is_kept()
    {
        var services = new ServiceCollection();
        services.AddSingleton<OwnHandlers>();
        new ReliableMqBuilder(services).AddOwnHandlers();

        services.Single(service => service.ServiceType == typeof(OwnHandlers)).Lifetime.ShouldBe(ServiceLifetime.Singleton);
    }

    [Fact]
    public void The_definition_says_what_the_attribute_says()
    {
        using var provider = Provider();
        var definition = Definition(provider, "own.void");

        definition.MessageName.ShouldBe("own.message.v1");
        definition.MessageType.ShouldBe(typeof(OwnMessage));
        definition.HandlerName.ShouldBe("ReliableMq.SourceGenerator.Tests.OwnHandlers.Void");
        definition.Retry.ShouldBe("1s, 10s");
        definition.Timeout.ShouldBe("30s");
        definition.Concurrency.ShouldBe(4);
        definition.Prefetch.ShouldBe(40);
        definition.InvokeBatch.ShouldBeNull();
    }

    [Fact]
    public void The_definition_of_a_batch_handler_says_what_its_attributes_say()
    {
        using var provider = Provider();
        var definition = Definition(provider, "own.batch");

        definition.Invoke.ShouldBeNull();
        definition.Inbox.ShouldBe(typeof(NoInbox));
        Definition(provider, "own.struct").Order.ShouldBe(QueueOrder.ByKey);
        definition.DeriveMessageIds.ShouldBeTrue();
        definition.BatchSize.ShouldBe(20);
        definition.Linger.ShouldBe("20ms");
        definition.Bindings.Select(binding => (binding.Exchange, binding.Pattern)).ShouldBe([("legacy", "own.#"), ("amq.topic", "*")]);
    }

    [Fact]
    public void What_the_attribute_leaves_out_stays_empty()
    {
        using var provider = Provider();
        var definition = Definition(provider, "own.task");

        definition.Retry.ShouldBeNull();
        definition.Timeout.ShouldBeNull();
        definition.Concurrency.ShouldBe(0);
        definition.Prefetch.ShouldBe(0);
        definition.Inbox.ShouldBeNull();
        definition.Bindings.ShouldBeEmpty();
        definition.Order.ShouldBe(QueueOrder.None);
        definition.DeriveMessageIds.ShouldBeFalse();
        definition.BatchSize.ShouldBe(0);
        definition.Linger.ShouldBeNull();
    }

    [Fact]
    public void The_method_returns_its_builder_and_refuses_null()
    {
        var builder = new ReliableMqBuilder(new ServiceCollection());

        builder.AddOwnHandlers().ShouldBeSameAs(builder);
        Should.Throw<ArgumentNullException>(() => ((ReliableMqBuilder)null!).AddOwnHandlers()).ParamName.ShouldBe("builder");
    }

    private static async Task<(Journal Journal, MessageContext Context)> Run(string queue, object message, CancellationToken token = default)
    {
        await using var provider = Provider();
        await using var scope = provider.CreateAsyncScope();
        var context = Context(queue, token);
        await Definition(provider, queue).Invoke!(scope.ServiceProvider, message, context);
        return (provider.GetRequiredService<Journal>(), context);
    }

    private static async Task<(Journal Journal, IReadOnlyList<MessageContext> Contexts)> RunBatch(string queue, object[] messages, CancellationToken token = default)
    {
        await using var provider = Provider();
        await using var scope = provider.CreateAsyncScope();
        var contexts = messages.Select(_ => Context(queue, token)).ToList();
        await Definition(provider, queue).InvokeBatch!(scope.ServiceProvider, messages, contexts);
        return (provider.GetRequiredService<Journal>(), contexts);
    }

    private static ServiceProvider Provider()
    {
        var services = new ServiceCollection();
        services.AddSingleton<Journal>();
        services.AddKeyedSingleton("first", new Word("services"));
        new ReliableMqBuilder(services).AddOwnHandlers();
        return services.BuildServiceProvider(new ServiceProviderOptions { ValidateScopes = true, ValidateOnBuild = true });
    }

    private static HandlerDefinition Definition(IServiceProvider provider, string queue) =>
        provider.GetServices<HandlerDefinition>().Single(definition => definition.Queue == queue);

    private static MessageContext Context(string queue, CancellationToken token) => new()
    {
        MessageId = "1",
        MessageName = "own.message.v1",
        Queue = queue,
        Attempt = 1,
        Redelivered = false,
        ReceivedAt = DateTimeOffset.UnixEpoch,
        Headers = new Dictionary<string, object?>(),
        CancellationToken = token,
    };
}

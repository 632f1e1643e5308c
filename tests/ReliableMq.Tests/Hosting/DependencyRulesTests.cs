using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ReliableMq.Tests.Hosting;

/// <summary>The start refuses what the container could not create later, and nothing else.</summary>
public sealed class DependencyRulesTests
{
    [Fact]
    public void Everything_that_nobody_registered_is_told_at_once() =>
        Errors(
            builder => builder.AddHandlingFilter<AFilter>().AddHandlingFilter<ATypedFilter, Old>().AddUpcaster<Old, New, AnUpcaster>(),
            Handler<AHandler>(("clock", typeof(IClock), null), ("rates", typeof(IRates), "daily"), ("provider", typeof(IServiceProvider), null)),
            Handler<AHandler>("other")).ShouldBe([
            "The handler class \"ReliableMq.Tests.Hosting.DependencyRulesTests+AHandler\" needs \"clock\", a \"ReliableMq.Tests.Hosting.DependencyRulesTests+IClock\", which is not registered. Add it to the services of the application, or give the parameter a default value.",
            "The handler class \"ReliableMq.Tests.Hosting.DependencyRulesTests+AHandler\" needs \"rates\", a \"ReliableMq.Tests.Hosting.DependencyRulesTests+IRates\", which is not registered with the key \"hourly\". Add it to the services of the application, or give the parameter a default value.",
            "The handler \"AHandler.Handle\" needs \"clock\", a \"ReliableMq.Tests.Hosting.DependencyRulesTests+IClock\", which is not registered. Add it to the services of the application, or let the parameter be null: \"IClock?\".",
            "The handler \"AHandler.Handle\" needs \"rates\", a \"ReliableMq.Tests.Hosting.DependencyRulesTests+IRates\", which is not registered with the key \"daily\". Add it to the services of the application, or let the parameter be null: \"IRates?\".",
            "The filter \"ReliableMq.Tests.Hosting.DependencyRulesTests+AFilter\" needs \"clock\", a \"ReliableMq.Tests.Hosting.DependencyRulesTests+IClock\", which is not registered. Add it to the services of the application, or give the parameter a default value.",
            "The filter \"ReliableMq.Tests.Hosting.DependencyRulesTests+ATypedFilter\" needs \"clock\", a \"ReliableMq.Tests.Hosting.DependencyRulesTests+IClock\", which is not registered. Add it to the services of the application, or give the parameter a default value.",
            "The upcaster \"ReliableMq.Tests.Hosting.DependencyRulesTests+AnUpcaster\" needs \"clock\", a \"ReliableMq.Tests.Hosting.DependencyRulesTests+IClock\", which is not registered. Add it to the services of the application, or give the parameter a default value.",
        ]);

    [Fact]
    public void What_belongs_to_one_message_is_no_service() =>
        Errors(_ => { }, Handler<AsksForItsMessage>()).ShouldBe([
            "The handler class \"ReliableMq.Tests.Hosting.DependencyRulesTests+AsksForItsMessage\" needs \"context\", a \"ReliableMq.MessageContext\", which belongs to one message. Take it as a parameter of the method that handles the message.",
            "The handler class \"ReliableMq.Tests.Hosting.DependencyRulesTests+AsksForItsMessage\" needs \"token\", a \"System.Threading.CancellationToken\", which belongs to one message. Take it as a parameter of the method that handles the message.",
        ]);

    [Fact]
    public void A_class_that_no_container_can_create_is_told() =>
        Errors(_ => { }, Handler<Hidden>()).ShouldBe([
            "The handler class \"ReliableMq.Tests.Hosting.DependencyRulesTests+Hidden\" has no public constructor, so it cannot be created. Give it one.",
        ]);

    [Fact]
    public void What_is_registered_is_not_told() =>
        Errors(
            builder =>
            {
                builder.Services.AddSingleton<IClock, Clock>().AddKeyedSingleton<IRates, Rates>("daily").AddKeyedSingleton<IRates, Rates>("hourly");
                builder.AddHandlingFilter<AFilter>().AddUpcaster<Old, New, AnUpcaster>();
            },
            Handler<AHandler>(("clock", typeof(IClock), null), ("rates", typeof(IRates), "daily"), ("logger", typeof(ILogger<IClock>), null))).ShouldBeEmpty();

    [Fact]
    public void A_class_that_the_application_creates_itself_is_its_own_matter() =>
        Errors(
            builder =>
            {
                builder.Services.AddScoped(_ => new AHandler(new Clock(), new Rates())).AddSingleton(new AnUpcaster(new Clock()));
                builder.AddUpcaster<Old, New, AnUpcaster>();
            },
            Handler<AHandler>()).ShouldBeEmpty();

    [Fact]
    public void A_class_registered_by_another_is_looked_at_as_that_one() =>
        Errors(builder => builder.Services.AddScoped<AHandler, HandlerOfItsOwn>(), Handler<AHandler>()).ShouldBeEmpty();

    public static TheoryData<Type> Classes =>
    [
        typeof(Nothing), typeof(Defaulted), typeof(DefaultedNumber), typeof(Frameworks), typeof(SeveralOfWhichOneWorks), typeof(SeveralOfWhichNoneWorks),
        typeof(NullableButAsked), typeof(Number), typeof(KeyedNull), typeof(KeyedMissing), typeof(KeyedThere), typeof(KeyedDefaulted), typeof(KeyedAny),
        typeof(Generic), typeof(ManyOfNothing), typeof(AsksForItsMessage), typeof(Hidden), typeof(OnlyInternal), typeof(PublicAndInternal), typeof(AHandler),
    ];

    /// <summary>The measure of the rule is what the container does.</summary>
    [Theory]
    [MemberData(nameof(Classes))]
    public void A_class_is_refused_exactly_if_the_container_cannot_create_it(Type type)
    {
        var provider = default(IServiceProvider);
        var refused = Errors(
            builder =>
            {
                builder.Services.AddKeyedSingleton<IRates, Rates>("there").AddKeyedSingleton<IOther, Other>(KeyedService.AnyKey);
                builder.Services.TryAddScoped(type, type);
                provider = builder.Services.AddLogging().AddSingleton<IConfiguration>(new ConfigurationManager()).BuildServiceProvider();
            },
            Handler(type)).Any();

        var created = true;
        try
        {
            using var scope = provider!.CreateScope();
            scope.ServiceProvider.GetRequiredService(type);
        }
        catch (InvalidOperationException)
        {
            created = false;
        }

        refused.ShouldBe(!created);
    }

    private static IEnumerable<string> Errors(Action<ReliableMqBuilder> more, params HandlerDefinition[] handlers) => Configured.Errors(builder =>
    {
        builder.AddInbox<BillingDb>();
        more(builder);
        foreach (var handler in handlers)
        {
            builder.Services.TryAddScoped(handler.HandlerType!);
            builder.AddHandler(handler);
        }
    });

    private static HandlerDefinition Handler<T>(params (string, Type, object?)[] services) => Handler(typeof(T), services);

    private static HandlerDefinition Handler<T>(string queue) => Handler(typeof(T), [], queue);

    private static HandlerDefinition Handler(Type type, (string, Type, object?)[]? services = null, string queue = "billing") => new()
    {
        Queue = queue,
        MessageName = "tests.new.v1",
        MessageType = typeof(New),
        HandlerName = type.Name + ".Handle",
        HandlerType = type,
        Services = services ?? [],
        Invoke = (_, _, _) => default,
    };

    [Message("tests.old.v1")]
    public sealed record Old;

    [Message("tests.new.v1")]
    public sealed record New;

    public interface IClock;

    public sealed class Clock : IClock;

    public interface IRates;

    public sealed class Rates : IRates;

    public interface IOther;

    public sealed class Other : IOther;

    public class AHandler(IClock clock, [FromKeyedServices("hourly")] IRates rates, string text = "", Clock? nothing = null)
    {
        public object[] All => [clock, rates, text, nothing!];
    }

    public sealed class HandlerOfItsOwn() : AHandler(new Clock(), new Rates());

    public sealed class AFilter(IClock clock) : IHandlingFilter
    {
        public IClock Clock => clock;

        public ValueTask HandleAsync(object message, MessageContext context, Func<ValueTask> next) => next();
    }

    public sealed class ATypedFilter(IClock clock) : IHandlingFilter<Old>
    {
        public IClock Clock => clock;

        public ValueTask HandleAsync(Old message, MessageContext context, Func<ValueTask> next) => next();
    }

    public sealed class AnUpcaster(IClock clock) : IMessageUpcaster<Old, New>
    {
        public IClock Clock => clock;

        public New Upcast(Old message) => new();
    }

    public sealed class AsksForItsMessage(MessageContext context, CancellationToken token)
    {
        public (MessageContext, CancellationToken) All => (context, token);
    }

    public sealed class Hidden
    {
        private Hidden()
        {
        }

        public static Hidden Make() => new();
    }

    public sealed class Nothing;

#pragma warning disable CS9113 // Parameters are all these classes are about.
    public sealed class Defaulted(IClock? clock = null);

    public sealed class DefaultedNumber(int days = 3, TimeSpan time = default, string text = "x");

    internal sealed class Frameworks(
        IServiceProvider services, IServiceScopeFactory scopes, IEnumerable<IClock> clocks, ILogger<Frameworks> logger, ILoggerFactory factory,
        IOptions<ReliableMqOptions> options, IOptionsMonitor<Nothing> monitor, TimeProvider time, BillingDb db, IConfiguration configuration,
        IServiceProviderIsService known);

    public sealed class SeveralOfWhichOneWorks
    {
        public SeveralOfWhichOneWorks(IClock clock, IRates rates) => throw new NotSupportedException();

        public SeveralOfWhichOneWorks(IServiceProvider services)
        {
        }
    }

    public sealed class SeveralOfWhichNoneWorks
    {
        public SeveralOfWhichNoneWorks(IClock clock, IRates rates) => throw new NotSupportedException();

        public SeveralOfWhichNoneWorks(IClock clock) => throw new NotSupportedException();
    }

    public sealed class NullableButAsked(IClock? clock);

    public sealed class Number(int days);

    public sealed class KeyedNull([FromKeyedServices(null)] IServiceProvider services);

    public sealed class KeyedMissing([FromKeyedServices("missing")] IRates rates);

    public sealed class KeyedThere([FromKeyedServices("there")] IRates rates);

    public sealed class KeyedDefaulted([FromKeyedServices("missing")] IRates? rates = null);

    public sealed class KeyedAny([FromKeyedServices("whatever")] IOther other);

    public sealed class Generic(IOptions<Nothing> options, ILogger<IClock> logger);

    public sealed class ManyOfNothing(IEnumerable<IRates> rates, IReadOnlyList<IRates>? list = null);
#pragma warning restore CS9113

    public sealed class OnlyInternal
    {
        internal OnlyInternal()
        {
        }
    }

    public sealed class PublicAndInternal
    {
        public PublicAndInternal(IServiceProvider services)
        {
        }

        internal PublicAndInternal()
        {
        }
    }
}

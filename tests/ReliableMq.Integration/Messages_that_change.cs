using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using ReliableMq.Integration.Support;
using ReliableMq.TestSupport;
using Xunit;

namespace ReliableMq.Integration;

/// <summary>New names and new forms of messages, while senders still send the old ones.</summary>
public class Messages_that_change
{
    private const string Queue = "tests.changing";

    [Fact]
    public async Task A_renamed_message_is_handled_under_its_old_and_its_new_name()
    {
        await using var world = await World.CreateAsync();
        var seen = new List<string>();
        await using var service = await world.StartAsync(setup => setup.Handle<Renamed>(Queue, (message, db, context) =>
        {
            lock (seen)
            {
                seen.Add(context.MessageName);
            }

            return EffectAsync(db, message.Number, "");
        }));
        await service.ConsumingAsync();

        await service.SaveAsync(new OldName(1), new OtherDomain(2), new Renamed(3));

        await Eventually.EqualAsync([1, 2, 3], world.EffectsAsync, "effects");
        seen.ShouldBe(["tests.named.v1", "legacy.named.v1", "tests.named.v2"], ignoreOrder: true);
        await Eventually.EqualAsync(["legacy.named.v1", "tests.named.v1", "tests.named.v2"],
            async () => (IEnumerable<string>)await world.Database.QueryAsync<string>("SELECT name FROM reliable_mq.outbox_history ORDER BY name COLLATE \"C\""), "a sender sends under the name only");
    }

    [Fact]
    public async Task An_old_form_is_upcast_step_by_step_and_says_what_arrived()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup =>
        {
            setup.Services = services => services.AddReliableMq()
                .AddSerializer<LineSerializer>()
                .AddUpcaster<First, Second, FirstToSecond>()
                .AddUpcaster<Second, Third, SecondToThird>();
            setup.Handle<Third>(Queue, (message, db, context) => EffectAsync(db, message.Number, $"{message.Text} by {context.MessageName}"));
        });
        await service.ConsumingAsync();

        await service.SaveAsync(new First("1"), new Second(2, "own"), new Third(3, "own", true), new RawMessage("tests.zeroth.v1", "4"u8.ToArray(), "text/line"));

        await Eventually.EqualAsync([1, 2, 3, 4], world.EffectsAsync, "effects");
        (await world.Database.QueryAsync<string>("SELECT \"Note\" FROM \"Effects\" ORDER BY \"Number\"")).ShouldBe(
            ["from 1 by tests.first.v1", "own by tests.second.v1", "own by tests.third.v1", "from 4 by tests.zeroth.v1"]);
    }

    [Fact]
    public async Task A_failing_upcaster_dead_letters_at_once_and_the_next_message_is_handled()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup =>
        {
            setup.Services = services => services.AddReliableMq().AddSerializer<LineSerializer>().AddUpcaster<First, Second, FirstToSecond>();
            setup.Handle<Second>(Queue, (message, db, _) => EffectAsync(db, message.Number, message.Text), retry: "1h");
        });
        await service.ConsumingAsync();

        await service.SaveAsync(new First("one"), new First("2"));

        var dead = await Eventually.FoundAsync(() => Laws.Nothing_disappears.FirstDeadLetterAsync(service), "a dead letter");
        dead.Attempts.ShouldBe(1);
        dead.MessageName.ShouldBe("tests.first.v1");
        dead.Reason.ShouldBe("The upcaster \"ReliableMq.Integration.Messages_that_change+FirstToSecond\" cannot make a \"ReliableMq.Integration.Messages_that_change+Second\" of the message \"tests.first.v1\": The input string 'one' was not in a correct format.");
        await Eventually.EqualAsync([2], world.EffectsAsync, "effects");
    }

    [Fact]
    public async Task Old_and_new_forms_come_in_one_batch()
    {
        await using var world = await World.CreateAsync();
        var batches = new List<string>();
        await using var service = await world.StartAsync(setup =>
        {
            setup.Services = services => services.AddReliableMq().AddUpcaster<Second, Third, SecondToThird>();
            setup.HandleMany<Third>(Queue, (messages, db, contexts) =>
            {
                lock (batches)
                {
                    batches.Add(string.Join(", ", messages.Zip(contexts, (message, context) => $"{message.IsNew} {context.MessageName}").Order(StringComparer.Ordinal)));
                }

                db.Effects.AddRange(messages.Select(message => new Effect { Number = message.Number }));
                return Task.CompletedTask;
            }, batchSize: 2, linger: "1m");
        });
        await service.ConsumingAsync();

        await service.SaveAsync(new Second(1, "old"), new Third(2, "new", IsNew: true));

        await Eventually.EqualAsync([1, 2], world.EffectsAsync, "effects");
        batches.ShouldHaveSingleItem().ShouldBe("False tests.second.v1, True tests.third.v1");
    }

    [Fact]
    public async Task An_upcaster_that_cannot_be_created_stops_the_start()
    {
        await using var world = await World.CreateAsync();
        await using var service = world.Build(setup =>
        {
            setup.Services = services => services.AddReliableMq().AddUpcaster<Second, Third, Uncreatable>();
            setup.Handle<Third>(Queue, (_, _, _) => Task.CompletedTask);
        });

        (await Should.ThrowAsync<OptionsValidationException>(service.StartAsync)).Message.ShouldBe(
            "The upcaster \"ReliableMq.Integration.Messages_that_change+Uncreatable\" needs \"missing\", a \"System.Text.StringBuilder\", which is not registered. Add it to the services of the application, or give the parameter a default value.");
    }

    private static Task EffectAsync(TestDb db, int number, string note)
    {
        db.Effects.Add(new Effect { Number = number, Note = note });
        return Task.CompletedTask;
    }

    [Message("tests.named.v1")]
    private sealed record OldName(int Number);

    [Message("legacy.named.v1")]
    private sealed record OtherDomain(int Number);

    [Message("tests.named.v2", Aliases = ["tests.named.v1", "legacy.named.v1"])]
    private sealed record Renamed(int Number);

    [Message("tests.first.v1", Aliases = ["tests.zeroth.v1"], ContentType = "text/line")]
    private sealed record First(string Line);

    [Message("tests.second.v1")]
    private sealed record Second(int Number, string Text);

    [Message("tests.third.v1")]
    private sealed record Third(int Number, string Text, bool IsNew);

    private sealed class FirstToSecond : IMessageUpcaster<First, Second>
    {
        public Second Upcast(First message) => new(int.Parse(message.Line, System.Globalization.CultureInfo.InvariantCulture), $"from {message.Line}");
    }

    private sealed class SecondToThird : IMessageUpcaster<Second, Third>
    {
        public Third Upcast(Second message) => new(message.Number, message.Text, IsNew: false);
    }

    private sealed class Uncreatable(System.Text.StringBuilder missing) : IMessageUpcaster<Second, Third>
    {
        public Third Upcast(Second message) => new(message.Number, missing.ToString(), IsNew: false);
    }

    private sealed class LineSerializer : IMessageSerializer
    {
        public string ContentType => "text/line";

        public byte[] Serialize(object message) => System.Text.Encoding.UTF8.GetBytes(((First)message).Line);

        public object Deserialize(ReadOnlyMemory<byte> body, Type type) => new First(System.Text.Encoding.UTF8.GetString(body.Span));
    }
}

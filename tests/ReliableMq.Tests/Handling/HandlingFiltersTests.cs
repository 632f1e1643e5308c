using Microsoft.Extensions.DependencyInjection;
using ReliableMq.Failing;
using ReliableMq.Handling;

namespace ReliableMq.Tests.Handling;

public sealed class HandlingFiltersTests
{
    private readonly List<string> _seen = [];

    [Fact]
    public async Task The_first_one_added_is_the_outermost()
    {
        await RunAsync([Writes("A"), Writes("B")], "m-1");

        _seen.ShouldBe(["A m-1", "B m-1", "handled", "B end", "A end"]);
    }

    [Fact]
    public async Task Those_of_a_batch_lie_inside_one_another()
    {
        await RunAsync([Writes("A")], "m-1", "m-2");

        _seen.ShouldBe(["A m-1", "A m-2", "handled", "A end", "A end"]);
    }

    [Fact]
    public async Task Those_of_a_large_batch_need_a_small_stack_only()
    {
        var done = new TaskCompletionSource();
        var thread = new Thread(() => RunAsync([.. Enumerable.Repeat(Writes("A"), 8)], [.. Enumerable.Repeat("m", 1000)])
            .ContinueWith(ran => done.SetFromTask(ran), TaskScheduler.Default), maxStackSize: 512 * 1024);
        thread.Start();

        await done.Task;

        _seen.Count.ShouldBe(16_001);
    }

    [Fact]
    public async Task One_of_a_type_surrounds_that_type_only()
    {
        var typed = new TypedFilter<IComparable>(new Typed(_seen));
        await typed.HandleAsync("text", Some.Context(), Handler);
        await typed.HandleAsync(new object(), Some.Context(), Handler);

        _seen.ShouldBe(["typed", "handled", "handled"]);
    }

    [Theory]
    [InlineData(0, "did not call next, so the message was not handled")]
    [InlineData(2, "called next more than once")]
    public async Task One_that_does_not_call_the_handler_once_fails_its_message(int calls, string what)
    {
        var failure = await Should.ThrowAsync<PermanentFailureException>(() => RunAsync([_ => new Calling(calls)], "m-1"));
        failure.Message.ShouldBe($"The filter \"Calling\" {what}. Call it once; to leave a message unhandled, use Discard, DeadLetter or RetryAfter of the MessageContext.");

        _seen.Count.ShouldBe(Math.Min(calls, 1));
        (await Should.ThrowAsync<PermanentFailureException>(() => RunAsync([_ => new TypedFilter<string>(new CallingTyped())], "m-1"))).Message
            .ShouldStartWith("The filter \"CallingTyped\" did not call next");
    }

    [Fact]
    public async Task What_a_handler_decided_holds_though_it_caught_it()
    {
        var definition = new HandlerDefinition
        {
            Queue = "q", MessageName = "a.b", MessageType = typeof(string), HandlerName = "H",
            Invoke = (_, _, context) =>
            {
                try
                {
                    context.Discard("a test order");
                }
                catch (Exception)
                {
                    // A handler that catches everything.
                }

                return default;
            },
        };

        var thrown = await Should.ThrowAsync<HandlerVerdictException>(() =>
            new HandlerInvocation(new HandlingFilters([])).InvokeAsync(definition, new ServiceCollection().BuildServiceProvider(), "text", Some.Context()).AsTask());

        thrown.Verdict.ShouldBe(new HandlerVerdict.Discard("a test order"));
    }

    [Fact]
    public async Task What_a_handler_decided_of_any_message_of_a_batch_holds_though_it_caught_it()
    {
        var definition = new HandlerDefinition
        {
            Queue = "q", MessageName = "a.b", MessageType = typeof(string), HandlerName = "H",
            InvokeBatch = (_, _, contexts) =>
            {
                Should.Throw<Exception>(() => contexts[1].DeadLetter("no such customer"));
                return default;
            },
        };

        var thrown = await Should.ThrowAsync<HandlerVerdictException>(() => new HandlerInvocation(new HandlingFilters([]))
            .InvokeAsync(definition, new ServiceCollection().BuildServiceProvider(), ["one", "two"], [Some.Context(), Some.Context()]).AsTask());

        thrown.Verdict.ShouldBe(new HandlerVerdict.DeadLetter("no such customer"));
    }

    [Theory]
    [InlineData(0, 100)]
    [InlineData(99, 100)]
    [InlineData(101, 101)]
    public void A_handler_cannot_make_a_loop_without_a_delay(int milliseconds, int used)
    {
        var context = Some.Context();

        Should.Throw<HandlerVerdictException>(() => context.RetryAfter(TimeSpan.FromMilliseconds(milliseconds)))
            .Verdict.ShouldBe(new HandlerVerdict.RetryAfter(TimeSpan.FromMilliseconds(used)));
    }

    [Fact]
    public void Wrong_arguments_of_a_decision_are_told()
    {
        var context = Some.Context();
        Should.Throw<ArgumentOutOfRangeException>(() => context.RetryAfter(TimeSpan.FromTicks(-1)));
        Should.Throw<ArgumentOutOfRangeException>(() => context.RetryAfter(TimeSpan.FromDays(366)));
        Should.Throw<ArgumentException>(() => context.DeadLetter(" "));
        Should.Throw<ArgumentException>(() => context.Discard(""));
        context.Verdict.ShouldBeNull();
    }

    private async Task RunAsync(Func<IServiceProvider, IHandlingFilter>[] filters, params string[] ids) =>
        await new HandlingFilters(filters.Select(filter => new FilterRegistration(typeof(IHandlingFilter), filter))).RunAsync(
            new ServiceCollection().BuildServiceProvider(), [.. ids.Select(id => new HandledMessage("text", Some.Context(id)))], Handler);

    private ValueTask Handler()
    {
        _seen.Add("handled");
        return default;
    }

    private Func<IServiceProvider, IHandlingFilter> Writes(string name) => _ => new Writing(name, _seen);

    private sealed class Writing(string name, List<string> seen) : IHandlingFilter
    {
        public async ValueTask HandleAsync(object message, MessageContext context, Func<ValueTask> next)
        {
            seen.Add($"{name} {context.MessageId}");
            await next();
            seen.Add($"{name} end");
        }
    }

    private sealed class Calling(int calls) : IHandlingFilter
    {
        public async ValueTask HandleAsync(object message, MessageContext context, Func<ValueTask> next)
        {
            for (var call = 0; call < calls; call++)
            {
                await next();
            }
        }
    }

    private sealed class CallingTyped : IHandlingFilter<string>
    {
        public ValueTask HandleAsync(string message, MessageContext context, Func<ValueTask> next) => default;
    }

    private sealed class Typed(List<string> seen) : IHandlingFilter<IComparable>
    {
        public ValueTask HandleAsync(IComparable message, MessageContext context, Func<ValueTask> next)
        {
            seen.Add("typed");
            return next();
        }
    }
}

using Microsoft.Extensions.Logging;
using Polly;
using Polly.Retry;
using ReliableMq.Diagnostics;
using ReliableMq.Inbox;
using ReliableMq.Receiving;

namespace ReliableMq.Failing;

/// <summary>Repeats an attempt at once where a rule says so. Whatever of it fails last is the failure of the attempt.</summary>
internal sealed class ImmediateRetries
{
    /// <summary>Two that deadlocked are unlikely to meet again.</summary>
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(100);

    private static readonly ResiliencePropertyKey<Run> RunKey = new("reliable-mq.run");

    private readonly ResiliencePipeline<AttemptResult> _pipeline;

    public ImmediateRetries(QueueSettings settings, TimeProvider time, ILogger logger)
    {
        var builder = new ResiliencePipelineBuilder<AttemptResult> { TimeProvider = time };
        if (settings.ImmediateRetries > 0)
        {
            builder.AddRetry(new RetryStrategyOptions<AttemptResult>
            {
                MaxRetryAttempts = settings.ImmediateRetries,
                ShouldHandle = arguments => ValueTask.FromResult(IsRepeated(arguments.Outcome.Result, RunOf(arguments.Context).Rules)),
                DelayGenerator = _ => ValueTask.FromResult<TimeSpan?>(LongestPause * Random.Shared.NextDouble()),
                OnRetry = arguments =>
                {
                    var (delivery, _) = RunOf(arguments.Context);
                    var exception = arguments.Outcome.Result.Exception!;
                    LogMessages.RepeatedAtOnce(logger, delivery, exception.GetType().Name, exception.Message, arguments.AttemptNumber + 1, settings.ImmediateRetries);
                    return ValueTask.CompletedTask;
                },
            });
        }

        _pipeline = builder.Build();
    }

    /// <param name="delivery">For the log.</param>
    /// <param name="rules">Of its handler.</param>
    /// <param name="attempt">Does not throw.</param>
    /// <param name="cancellationToken">Ends the repeating, too.</param>
    public async Task<AttemptResult> RunAsync(Delivery delivery, ExceptionRules rules, Func<Task<AttemptResult>> attempt, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return AttemptResult.Failed(new OperationCanceledException(cancellationToken));
        }

        // Most need no pipeline.
        var first = await attempt();
        return IsRepeated(first, rules) ? await RepeatAsync(first, delivery, rules, attempt, cancellationToken) : first;
    }

    private async Task<AttemptResult> RepeatAsync(AttemptResult first, Delivery delivery, ExceptionRules rules, Func<Task<AttemptResult>> attempt, CancellationToken cancellationToken)
    {
        AttemptResult? last = null;
        var context = ResilienceContextPool.Shared.Get(cancellationToken);
        context.Properties.Set(RunKey, new Run(delivery, rules));
        try
        {
            return await _pipeline.ExecuteAsync(async _ => (last = last is null ? first : await attempt()).Value, context);
        }
        catch (OperationCanceledException) when (last is not { IsDone: true })
        {
            // Between two of them, so that the one before was the last.
            return last ?? first;
        }
        finally
        {
            ResilienceContextPool.Shared.Return(context);
        }
    }

    private static bool IsRepeated(AttemptResult result, ExceptionRules rules) => result.Exception is { } exception && rules.Find(exception)?.Then == OnFailure.RetryNow;

    private static Run RunOf(ResilienceContext context) => context.Properties.GetValue(RunKey, default);

    private readonly record struct Run(Delivery Delivery, ExceptionRules Rules);
}

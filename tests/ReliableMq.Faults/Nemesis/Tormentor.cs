using ReliableMq.Faults.Running;

namespace ReliableMq.Faults.Nemesis;

/// <summary>Carries a schedule out: the faults of one victim one after the other, those of different victims at once.</summary>
internal sealed class Tormentor(Stage stage)
{
    private int _injected;

    /// <summary>How many did anything.</summary>
    public int Injected => _injected;

    /// <summary>A server takes its time to stop and to start, so a lane may fall behind: it then ends without its last steps.</summary>
    public Task RunAsync(IReadOnlyList<Step> schedule, TimeSpan duration, CancellationToken stopping) =>
        Task.WhenAll(schedule.GroupBy(step => step.Kind.Victim).Select(lane => RunLaneAsync(lane, duration, stopping)));

    private async Task RunLaneAsync(IEnumerable<Step> lane, TimeSpan duration, CancellationToken stopping)
    {
        var began = TimeProvider.System.GetTimestamp();
        foreach (var step in lane)
        {
            var wait = step.At - TimeProvider.System.GetElapsedTime(began);
            await Task.Delay(wait > TimeSpan.Zero ? wait : TimeSpan.Zero, TimeProvider.System, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (stopping.IsCancellationRequested || TimeProvider.System.GetElapsedTime(began) > duration)
            {
                return;
            }

            var fault = step.Kind.Make(step.Dice);
            stage.History.Say($"inject {step.Kind.Name}");
            await Patiently.DoAsync(() => fault.InjectAsync(stage));
            await Task.Delay(step.Lasting, TimeProvider.System, CancellationToken.None);
            await Patiently.DoAsync(() => fault.HealAsync(stage));
            if (fault.Bit)
            {
                Interlocked.Increment(ref _injected);
            }

            stage.History.Say($"healed {step.Kind.Name}{(fault.Bit ? "" : ", which met nobody")}");
        }
    }
}

using ReliableMq.Faults.Checking;

namespace ReliableMq.Faults.Running;

/// <summary>Waits until nothing is left to do, or nothing gets better any more.</summary>
internal sealed class Rest(Stage stage, Witness witness, History history, Arguments arguments)
{
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(2);

    /// <summary>The broker's own counts are up to five seconds old, so one quiet look says little.</summary>
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(12);

    /// <summary>A row of a process that was killed may wait for its next attempt for minutes; an operator does not.</summary>
    private static readonly TimeSpan OperatorsPatience = TimeSpan.FromSeconds(40);

    /// <summary>What waits without a reason when the operator comes: it could be sent, or nobody says when it will be.</summary>
    private const string Stuck =
        """
        SELECT count(*) FROM reliable_mq.outbox
        WHERE ordering_key IS NULL AND failed_at IS NULL
          AND (available_at < clock_timestamp() - interval '20 s' OR available_at > greatest(due_at, clock_timestamp()) + interval '11 min')
        """;

    public TimeSpan Took { get; private set; }

    /// <summary>What the operator had to heal that should have gone on by itself.</summary>
    public List<Finding> Healed { get; } = [];

    public int OperatorNeeded { get; private set; }

    public async Task<Outcome> ComeAsync()
    {
        var began = history.Elapsed;
        var better = began;
        var best = int.MaxValue;
        var asked = TimeSpan.Zero;
        TimeSpan? quiet = null;
        var idleness = new Idleness([.. stage.Producers, .. stage.Consumers]);
        await using var dashboard = await DashboardCounts.StartAsync(stage.Sending, stage.Handling);
        while (true)
        {
            var outcome = Checker.Check(await witness.LookAsync());
            if (outcome.Findings.All(finding => finding.MayPass))
            {
                outcome = outcome with { Findings = [.. outcome.Findings, .. await new LeftOvers(stage.Sending, stage.Handling, stage.VirtualHost).LookAsync(outcome.TakenByFaults > 0)] };
            }

            if (outcome.Findings.Count == 0)
            {
                outcome = outcome with { Findings = await dashboard.LookAsync() };
            }

            Took = (quiet ?? history.Elapsed) - began;
            if (outcome.Findings.Any(finding => !finding.MayPass))
            {
                return outcome;
            }

            if (outcome.Findings.Count == 0)
            {
                if (quiet is null)
                {
                    quiet = history.Elapsed;
                    idleness.Begin();
                }

                if (history.Elapsed - quiet > Quiet)
                {
                    var (shares, findings) = idleness.End();
                    history.Say($"at rest the processes use {string.Join(", ", shares.Select(share => share.ToString("P0", System.Globalization.CultureInfo.InvariantCulture)))} of a processor");
                    return outcome with { Findings = findings };
                }

                await Task.Delay(LookInterval, TimeProvider.System, CancellationToken.None);
                continue;
            }

            quiet = null;

            // Ten effects more and ten messages less in a queue is better; the sum tells it.
            var left = outcome.Findings.Sum(finding => finding.Rule == Rule.LeftOver ? 1 : 3);
            if (left < best)
            {
                (best, better) = (left, history.Elapsed);
            }

            history.Say($"waiting for {outcome.Findings.Count} things, such as {outcome.Findings[0]}");
            if (history.Elapsed - better > arguments.Patience || Took > arguments.LongestRest)
            {
                return outcome;
            }

            if (history.Elapsed - better > OperatorsPatience && history.Elapsed - asked > OperatorsPatience)
            {
                history.Say("the operator has everything sent that waits for its next attempt");
                asked = history.Elapsed;
                OperatorNeeded++;
                foreach (var (service, database) in new[] { ("producers", stage.Sending), ("consumers", stage.Handling) })
                {
                    if (await Patiently.DoAsync(() => database.ScalarAsync<long>(Stuck)) is > 0 and var count)
                    {
                        Healed.Add(new Finding(Rule.OperatorNeeded, $"{count} messages of the {service} waited without a reason"));
                    }
                }

                await stage.SendNowAsync();
            }

            await Task.Delay(LookInterval, TimeProvider.System, CancellationToken.None);
        }
    }
}

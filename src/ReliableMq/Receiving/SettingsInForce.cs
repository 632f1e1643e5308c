namespace ReliableMq.Receiving;

/// <summary>What a consumer goes by this moment: what is configured, and over it what operators have changed.</summary>
/// <param name="PausedSince">By the database's clock; null while it is not paused.</param>
/// <param name="Concurrency">As in <see cref="QueueSettings"/>.</param>
/// <param name="Prefetch">As in <see cref="QueueSettings"/>.</param>
internal sealed record SettingsInForce(DateTimeOffset? PausedSince, int Concurrency, int Prefetch)
{
    public const int MaxConcurrency = 1000;

    /// <summary>The most that a quorum queue allows.</summary>
    public const int MaxPrefetch = 2000;

    public static SettingsInForce Of(QueueSettings configured) => new(null, configured.Concurrency, configured.Prefetch);

    /// <param name="configured">Holds where nothing else was said.</param>
    /// <param name="changes">Of all queues. Of each setting the newest counts that is lasting or was made while this process runs.</param>
    /// <param name="startedAt">When this process started, by the clock of the changes.</param>
    public static SettingsInForce Of(QueueSettings configured, IReadOnlyCollection<SettingChange> changes, DateTimeOffset startedAt)
    {
        var pause = Newest(ChangedSetting.Paused);
        return new SettingsInForce(
            pause is { Value: 1 } ? pause.ChangedAt : null,
            // One at a time is what such a queue promises, whatever a row says.
            configured.Order == QueueOrder.OneAtATime ? configured.Concurrency
                : Math.Clamp(Newest(ChangedSetting.Concurrency)?.Value ?? configured.Concurrency, 1, MaxConcurrency),
            Math.Clamp(Newest(ChangedSetting.Prefetch)?.Value ?? configured.Prefetch, 1, MaxPrefetch));

        SettingChange? Newest(ChangedSetting setting) => changes
            .Where(change => change.Queue == configured.Queue && change.Setting == setting && (change.Lasting || change.ChangedAt >= startedAt))
            .MaxBy(change => change.ChangedAt);
    }
}

internal enum ChangedSetting
{
    Paused,
    Concurrency,
    Prefetch,
}

/// <summary>What an operator has said of one setting of a queue.</summary>
/// <param name="Queue">The queue.</param>
/// <param name="Setting">What was changed.</param>
/// <param name="Value">Null means back to what is configured; of a pause 1 means paused and 0 not.</param>
/// <param name="Lasting">Whether processes go by it that start later.</param>
/// <param name="ChangedAt">By the database's clock; where there is none, by this process's.</param>
internal sealed record SettingChange(string Queue, ChangedSetting Setting, int? Value, bool Lasting, DateTimeOffset ChangedAt);

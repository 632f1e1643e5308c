using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.ChangeTracking;
using Microsoft.EntityFrameworkCore.ChangeTracking.Internal;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Metadata;

// EF gives no public notice of ChangeTracker.Clear, and a message left behind by it would be sent with the
// next, unrelated save. This is the only place that relies on EF's internals.
#pragma warning disable EF1001

namespace ReliableMq.Outbox;

/// <summary>Makes <c>ChangeTracker.Clear</c> clear staged messages as well.</summary>
internal sealed class ClearingChangeTrackerFactory(
    ICurrentDbContext current, IStateManager stateManager, IChangeDetector changeDetector, IModel model, IEntityEntryGraphIterator graphIterator)
    : IChangeTrackerFactory
{
    public ChangeTracker Create() => new ClearingChangeTracker(current.Context, stateManager, changeDetector, model, graphIterator);

    private sealed class ClearingChangeTracker(
        DbContext context, IStateManager stateManager, IChangeDetector changeDetector, IModel model, IEntityEntryGraphIterator graphIterator)
        : ChangeTracker(context, stateManager, changeDetector, model, graphIterator)
    {
        public override void Clear()
        {
            base.Clear();
            OutboxOptionsExtension.Find(Context)?.Clear();
        }
    }
}

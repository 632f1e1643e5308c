using ReliableMq.Handling;

namespace ReliableMq.Tests.Handling;

public sealed class AttemptTests
{
    private readonly Attempt _attempt = new(CancellationToken.None);

    [Fact]
    public void What_is_abandoned_does_not_commit()
    {
        _attempt.TryAbandon().ShouldBeTrue();

        Should.Throw<OperationCanceledException>(_attempt.BeginCommit).Message.ShouldBe("The attempt was given up before.");
        _attempt.TryAbandon().ShouldBeFalse("once");
    }

    [Fact]
    public void What_commits_is_not_abandoned()
    {
        _attempt.BeginCommit();

        _attempt.TryAbandon().ShouldBeFalse();
    }

    [Fact]
    public void What_failed_to_commit_may_be_abandoned_and_tried_again()
    {
        _attempt.BeginCommit();
        _attempt.CommitFailed();
        _attempt.BeginCommit();
        _attempt.CommitFailed();

        _attempt.TryAbandon().ShouldBeTrue();
        _attempt.CommitFailed();
        Should.Throw<OperationCanceledException>(_attempt.BeginCommit);
    }
}

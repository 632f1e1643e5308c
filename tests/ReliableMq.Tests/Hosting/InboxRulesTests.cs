namespace ReliableMq.Tests.Hosting;

public sealed class InboxRulesTests
{
    [Theory]
    [InlineData("00:59:59", "00:59:59")]
    [InlineData("3650.00:00:01", "3650.00:00:01")]
    [InlineData("-1.00:00:00", "-1.00:00:00")]
    public void A_retention_out_of_range_is_told(string value, string shown) =>
        Configured.Errors(("Inbox:KeepHandled", value)).ShouldBe([$"\"ReliableMq:Inbox:KeepHandled\" is {shown}. Use 01:00:00 to 3650.00:00:00."]);

    [Theory]
    [InlineData("01:00:00")]
    [InlineData("3650.00:00:00")]
    public void A_retention_at_the_end_of_its_range_is_accepted(string value) => Configured.Errors(("Inbox:KeepHandled", value)).ShouldBeEmpty();

    [Theory]
    [InlineData("KeepReplayed", "00:59:59", "01:00:00")]
    [InlineData("KeepAudit", "23:59:59", "1.00:00:00")]
    [InlineData("KeepAudit", "3650.00:00:01", "1.00:00:00")]
    public void How_long_dead_letters_are_kept_has_bounds(string setting, string value, string least) =>
        Configured.Errors(($"DeadLetters:{setting}", value)).ShouldBe([$"\"ReliableMq:DeadLetters:{setting}\" is {value}. Use {least} to 3650.00:00:00."]);

    [Fact]
    public void Handlers_without_an_inbox_need_no_database() =>
        Configured.Errors(builder => builder.AddHandler(Some.Handler(inbox: typeof(NoInbox)))).ShouldBeEmpty();
}

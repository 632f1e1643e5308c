using ReliableMq.Inbox;

namespace ReliableMq.Tests.Inbox;

public sealed class AdmissionRulesTests
{
    private const int Epoch = 3;

    [Theory]
    // The delivery's epoch, where the message stands, until its next attempt, what becomes of the delivery.
    [InlineData("older", "failing", null, "Settled")]
    [InlineData("older", "failing", 10_000, "Settled")]
    [InlineData("older", "failing", -10_000, "Settled")]
    [InlineData("older", "scheduled", null, "Settled")]
    [InlineData("older", "scheduled", 10_000, "Settled")]
    [InlineData("older", "scheduled", -10_000, "Settled")]
    [InlineData("older", "dead", null, "Settled")]
    [InlineData("older", "dead", 10_000, "Settled")]
    [InlineData("older", "discarded", null, "Settled")]
    [InlineData("older", "discarded", 10_000, "Settled")]
    [InlineData("same", "failing", null, "Run")]
    [InlineData("same", "failing", -10_000, "Run")]
    [InlineData("same", "failing", 0, "Run")]
    [InlineData("same", "failing", 50, "Run")]
    [InlineData("same", "failing", 51, "TooEarly")]
    [InlineData("same", "failing", 10_000, "TooEarly")]
    [InlineData("same", "scheduled", null, "Run")]
    [InlineData("same", "scheduled", -10_000, "Run")]
    [InlineData("same", "scheduled", 10_000, "Run")]
    [InlineData("same", "dead", null, "Dead")]
    [InlineData("same", "dead", -10_000, "Dead")]
    [InlineData("same", "dead", 10_000, "Dead")]
    [InlineData("same", "discarded", null, "Settled")]
    [InlineData("same", "discarded", 10_000, "Settled")]
    [InlineData("newer", "failing", null, "Run")]
    [InlineData("newer", "failing", 10_000, "Run")]
    [InlineData("newer", "scheduled", null, "Run")]
    [InlineData("newer", "scheduled", 10_000, "Run")]
    [InlineData("newer", "dead", null, "Run")]
    [InlineData("newer", "dead", 10_000, "Run")]
    [InlineData("newer", "discarded", null, "Settled")]
    [InlineData("newer", "discarded", 10_000, "Settled")]
    public void A_message_that_failed_before_is_admitted_by_where_it_stands(string delivery, string state, int? untilNextAttempt, string admission)
    {
        var epoch = delivery switch { "older" => Epoch - 1, "newer" => Epoch + 1, _ => Epoch };
        var standing = new Standing(Epoch, Attempts: 2, state, untilNextAttempt is { } ms ? TimeSpan.FromMilliseconds(ms) : null);

        // It is it that holds its key, or it has left the order.
        foreach (var isKeyHeld in new[] { false, true })
        {
            AdmissionRules.Admit(isNew: true, epoch, standing, isKeyHeld).ToString().ShouldBe(admission);
            AdmissionRules.Admit(isNew: false, epoch, standing, isKeyHeld).ShouldBe(Admission.Settled, "what is done is done");
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(int.MaxValue)]
    public void A_message_that_never_failed_runs_once_unless_its_key_is_held(int epoch)
    {
        AdmissionRules.Admit(isNew: true, epoch, standing: null, isKeyHeld: false).ShouldBe(Admission.Run);
        AdmissionRules.Admit(isNew: true, epoch, standing: null, isKeyHeld: true).ShouldBe(Admission.Behind);
        AdmissionRules.Admit(isNew: false, epoch, standing: null, isKeyHeld: false).ShouldBe(Admission.Settled);
        AdmissionRules.Admit(isNew: false, epoch, standing: null, isKeyHeld: true).ShouldBe(Admission.Settled);
    }
}

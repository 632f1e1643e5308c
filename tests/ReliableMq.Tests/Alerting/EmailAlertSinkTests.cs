using ReliableMq.Alerting;

namespace ReliableMq.Tests.Alerting;

public sealed class EmailAlertSinkTests
{
    private static readonly Alert Alert = Some.ClaimedAlert().Alert with
    {
        Kind = "dead-letter", Group = "billing: TimeoutException", Text = "Messages became dead letters.", Count = 12, NewCount = 3, Telling = 2,
        Examples = [new AlertExample("m-1", "too late"), new AlertExample("m-2", "later still")],
    };

    [Fact]
    public void The_subject_is_one_line_whatever_the_group_is_called() =>
        EmailAlertSink.SubjectOf(Alert with { Group = "a\r\nBcc: everybody@shop.example" }).ShouldBe("[orders] dead-letter: a  Bcc: everybody@shop.example (3 new)");

    [Fact]
    public void The_text_has_counts_and_examples() =>
        EmailAlertSink.BodyOf(Alert).ReplaceLineEndings("\n").ShouldBe(
            """
            Messages became dead letters.

            3 new, 12 from 0001-01-01 00:00:00Z to 0001-01-01 00:00:00Z
            Service orders, alert 1, telling 2, dead-letter: billing: TimeoutException

            The newest:
            - m-1: too late
            - m-2: later still

            """.ReplaceLineEndings("\n"));
}

using Microsoft.Extensions.DependencyInjection;
using ReliableMq.Failing;

namespace ReliableMq.Tests.Hosting;

public sealed class OnExceptionTests
{
    private readonly ReliableMqBuilder _builder = new ServiceCollection().AddReliableMq();

    [Fact]
    public void A_rule_keeps_its_condition_and_delay()
    {
        _builder.OnException<HttpRequestException>(OnFailure.Retry, exception => exception.Message == "429", TimeSpan.FromMinutes(5)).ShouldBe(_builder);

        var rule = _builder.Services.BuildServiceProvider().GetServices<ExceptionRule>().ShouldHaveSingleItem();
        (rule.Type, rule.Then, rule.Delay).ShouldBe((typeof(HttpRequestException), OnFailure.Retry, TimeSpan.FromMinutes(5)));
        rule.IsAbout(new HttpRequestException("429")).ShouldBeTrue();
        rule.IsAbout(new HttpRequestException("500")).ShouldBeFalse();
        rule.IsAbout(new IOException("429")).ShouldBeFalse();
    }

    [Fact]
    public void Several_for_one_type_have_conditions_but_for_one()
    {
        _builder.OnException<IOException>(OnFailure.Discard).OnException<IOException>(OnFailure.Retry, _ => true).OnException<IOException>(OnFailure.Retry, _ => false);

        Should.Throw<ArgumentException>(() => _builder.OnException<IOException>(OnFailure.DeadLetter)).Message
            .ShouldStartWith("OnException<IOException> was called twice without a condition. Keep one of the calls, or say when each applies.");
    }

    [Fact]
    public void Wrong_arguments_are_refused()
    {
        Should.Throw<ArgumentOutOfRangeException>(() => _builder.OnException<IOException>((OnFailure)9)).Message
            .ShouldStartWith("OnException<IOException> has an unknown outcome. Use Retry, RetryNow, DeadLetter, Discard.");
        Should.Throw<ArgumentException>(() => _builder.OnException<IOException>(OnFailure.Discard, delay: TimeSpan.FromSeconds(1))).Message
            .ShouldStartWith("OnException<IOException> has a delay, but its outcome is Discard. Remove it, or use Retry.");
        foreach (var delay in new[] { TimeSpan.Zero, TimeSpan.FromDays(366) })
        {
            Should.Throw<ArgumentOutOfRangeException>(() => _builder.OnException<IOException>(OnFailure.Retry, delay: delay)).Message
                .ShouldStartWith("OnException<IOException> has a delay out of range. Use 1 ms to 365 days.");
        }
    }
}

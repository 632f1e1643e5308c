namespace ReliableMq.Tests.Hosting;

public sealed class ServiceRulesTests
{
    // It goes with every message as its app-id, which AMQP limits.
    public static TheoryData<string> Wrong { get; } = ["", new string('a', 256), new string('ä', 128), "a\0", "half \ud83d"];

    [Theory]
    [MemberData(nameof(Wrong), DisableDiscoveryEnumeration = true)]
    public void A_wrong_name_of_the_service_is_told(string service) =>
        Configured.Errors(("Service", service)).ShouldBe([$"\"ReliableMq:Service\" is \"{service}\". Use 1 to 255 bytes of UTF-8 without U+0000 and half surrogate pairs."]);

    [Fact]
    public void A_name_of_255_bytes_is_fine() => Configured.Errors(("Service", new string('a', 255))).ShouldBeEmpty();
}

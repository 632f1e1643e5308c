using ReliableMq.Storage;

namespace ReliableMq.Tests.Storage;

public sealed class SafeTextTests
{
    [Theory]
    [InlineData("")]
    [InlineData("text")]
    [InlineData("ä€\t\r\n\u0001\uFFFF")]
    [InlineData("😀")]
    [InlineData("a😀b😀")]
    public void Text_that_PostgreSQL_takes_is_left_as_it_is(string text) => SafeText.ForPostgres(text).ShouldBe(text);

    [Theory]
    [InlineData("\0", "\uFFFD")]
    [InlineData("a\0b\0", "a\uFFFDb\uFFFD")]
    [InlineData("😀\0😀", "😀\uFFFD😀")]
    public void A_zero_character_is_replaced(string text, string safe) => SafeText.ForPostgres(text).ShouldBe(safe);

    [Fact]
    public void Half_a_surrogate_pair_is_replaced()
    {
        // Attributes cannot hold these.
        SafeText.ForPostgres("\ud83d").ShouldBe("\uFFFD");
        SafeText.ForPostgres("\ude00").ShouldBe("\uFFFD");
        SafeText.ForPostgres("\ude00\ud83d").ShouldBe("\uFFFD\uFFFD");
        SafeText.ForPostgres("\ud83d\ud83d\ude00").ShouldBe("\uFFFD😀");
        SafeText.ForPostgres("😀\0\ud83dx").ShouldBe("😀\uFFFD\uFFFDx");
    }

    [Fact]
    public void Clean_text_is_not_copied()
    {
        var text = new string('a', 32_000);

        SafeText.ForPostgres(text).ShouldBeSameAs(text);
    }

    [Fact]
    public void Text_that_must_stay_whole_is_cleaned_and_not_cut() =>
        SafeText.Clean(new string('a', 100_000) + "\0").ShouldBe(new string('a', 100_000) + "\uFFFD");

    [Fact]
    public void Long_text_is_cut() =>
        SafeText.ForPostgres(new string('a', 32_001)).ShouldBe(new string('a', 32_000) + "…");

    [Fact]
    public void A_cut_leaves_no_half_character() =>
        SafeText.ForPostgres(new string('a', 31_999) + "😀 and more").ShouldBe(new string('a', 31_999) + "\uFFFD…");
}

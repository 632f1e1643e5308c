using System.Text;
using RabbitMQ.Client;
using ReliableMq.Broker;

namespace ReliableMq.Tests.Broker;

public sealed class HeaderJsonTests
{
    /// <summary>Every type that the client reads from a header table.</summary>
    public static TheoryData<object> WireValues { get; } =
    [
        true, false,
        sbyte.MinValue, byte.MaxValue, short.MinValue, ushort.MaxValue, int.MinValue, int.MaxValue, uint.MaxValue,
        0L, long.MinValue, long.MaxValue,
        0f, 0.1f, float.MaxValue, float.NaN, float.NegativeInfinity,
        0d, 0.1, -1234.5, double.MaxValue, double.Epsilon, double.NaN, double.PositiveInfinity, double.NegativeInfinity,
        0m, 1234.50m, -0.000_000_1m, (decimal)uint.MaxValue,
        new AmqpTimestamp(0), new AmqpTimestamp(1_735_787_045), new AmqpTimestamp(long.MaxValue),
        "", "text", "ä€😀", "\"\\\n\0", "$bytes",
    ];

    [Theory]
    [MemberData(nameof(WireValues))]
    public void A_header_comes_back_with_its_type_and_value(object value)
    {
        var read = RoundTrip(value);

        read.ShouldBe(value);
        read.ShouldBeOfType(value.GetType());
    }

    [Theory]
    [MemberData(nameof(WireValues))]
    public void A_header_comes_back_the_same_in_every_culture(object value)
    {
        using var _ = new HostileCulture();

        RoundTrip(value).ShouldBe(value);
    }

    [Fact]
    public void A_header_without_a_value_comes_back_without_one() => RoundTrip(null).ShouldBeNull();

    [Fact]
    public void Bytes_that_are_text_come_back_as_text() =>
        RoundTrip(Encoding.UTF8.GetBytes("ä€😀")).ShouldBe("ä€😀");

    [Theory]
    [InlineData(new byte[] { 0xFF })]
    [InlineData(new byte[] { 0x61, 0xC3 })]
    [InlineData(new byte[] { 0xED, 0xA0, 0x80 })]
    public void Bytes_that_are_no_text_come_back_as_bytes(byte[] bytes) =>
        RoundTrip(bytes).ShouldBeOfType<byte[]>().ShouldBe(bytes);

    [Theory]
    [InlineData(new byte[0])]
    [InlineData(new byte[] { 0x61, 0x62 })]
    [InlineData(new byte[] { 0x00, 0xFF })]
    public void Binary_values_stay_binary_even_where_they_are_text(byte[] bytes) =>
        RoundTrip(new BinaryTableValue(bytes)).ShouldBeOfType<BinaryTableValue>().Bytes.ShouldBe(bytes);

    [Fact]
    public void Tables_and_arrays_come_back_with_all_that_is_in_them()
    {
        var death = new Dictionary<string, object?>
        {
            ["count"] = 3L,
            ["reason"] = "rejected",
            ["time"] = new AmqpTimestamp(5),
            ["routing-keys"] = new List<object?> { "a", null, 1, 1.5, new List<object?>() },
            ["empty"] = new Dictionary<string, object?>(),
        };

        var read = RoundTrip(new List<object?> { death, "after" });

        read.ShouldBeOfType<List<object?>>().Count.ShouldBe(2);
        HeaderText.Of(read).ShouldBe(HeaderText.Of(new List<object?> { death, "after" }));
    }

    [Theory]
    [InlineData("$bytes", "no base64!")]
    [InlineData("$binary", "no base64!")]
    [InlineData("$double", "no number")]
    [InlineData("$decimal", "no number")]
    [InlineData("$time", "no number")]
    [InlineData("$table", "no table")]
    [InlineData("$", "")]
    [InlineData("$bytes", "AA==")]
    public void A_table_that_looks_like_the_librarys_own_notation_stays_a_table(string name, string value)
    {
        var table = new Dictionary<string, object?> { [name] = value, ["other"] = 1L };
        RoundTrip(table).ShouldBeOfType<Dictionary<string, object?>>().ShouldBe(table);

        var nested = new Dictionary<string, object?> { ["$table"] = new Dictionary<string, object?> { [name] = value } };
        HeaderText.Of(RoundTrip(nested)).ShouldBe(HeaderText.Of(nested));
    }

    [Fact]
    public void Header_names_are_kept_as_they_are()
    {
        var headers = new Dictionary<string, object?> { ["Name"] = 1L, ["name"] = 2L, ["$bytes"] = "x", [""] = "empty", ["ä\"\0"] = "odd" };

        HeaderJson.Read(HeaderJson.Write(headers)!).ShouldBe(headers, ignoreOrder: true);
    }

    [Fact]
    public void What_AMQP_cannot_carry_becomes_text_the_same_in_every_culture()
    {
        using var _ = new HostileCulture();

        RoundTrip(ulong.MaxValue).ShouldBe("18446744073709551615");
        RoundTrip(DateTime.UnixEpoch).ShouldBe("01/01/1970 00:00:00");
        RoundTrip(ConsoleColor.Red).ShouldBe("Red");
        RoundTrip('c').ShouldBe("c");
    }

    [Fact]
    public void Half_a_surrogate_pair_is_replaced() =>
        RoundTrip("a\ud83d").ShouldBe("a\uFFFD");

    [Theory]
    [InlineData(50)]
    [InlineData(10_000)]
    public void What_is_nested_very_deeply_is_cut_off_and_the_rest_is_kept(int levels)
    {
        object? lists = "core";
        object? tables = "core";
        for (var i = 0; i < levels; i++)
        {
            lists = new List<object?> { lists };
            tables = new Dictionary<string, object?> { ["$table"] = tables };
        }

        var read = HeaderJson.Read(HeaderJson.Write(new Dictionary<string, object?> { ["lists"] = lists, ["tables"] = tables, ["after"] = 1L })!);

        read["after"].ShouldBe(1L);
        HeaderText.Of(read["lists"]).Contains("core", StringComparison.Ordinal).ShouldBe(levels == 50);
    }

    [Fact]
    public void Notation_of_a_later_version_is_read_as_a_table() =>
        HeaderJson.Read("""{"header": {"$later": "text"}}""")["header"]
            .ShouldBeOfType<Dictionary<string, object?>>().ShouldBe(new Dictionary<string, object?> { ["$later"] = "text" });

    [Fact]
    public void People_read_headers_without_the_notation()
    {
        var headers = new Dictionary<string, object?>
        {
            ["text"] = "ä", ["int"] = 7, ["long"] = 8L, ["flag"] = true, ["none"] = null, ["number"] = 1.5, ["bytes"] = new byte[] { 0xFF },
            ["list"] = new List<object?> { 1L, "two" },
            ["table"] = new Dictionary<string, object?> { ["a"] = 1L },
        };

        HeaderJson.ReadAsText(HeaderJson.Write(headers)!).ShouldBe(
            new Dictionary<string, string>
            {
                ["text"] = "ä", ["int"] = "7", ["long"] = "8", ["flag"] = "true", ["none"] = "null", ["number"] = "1.5", ["bytes"] = "/w==",
                ["list"] = """[1,"two"]""",
                ["table"] = """{"a":1}""",
            },
            ignoreOrder: true);
    }

    [Theory]
    [InlineData("""{"half":"\ud800"}""")]
    [InlineData("""{"large":{"$int":"99999999999"}}""")]
    [InlineData("""{"part":1.5}""")]
    [InlineData("[]")]
    public void JSON_of_somebody_else_is_told_apart(string json) => Should.Throw<FormatException>(() => HeaderJson.Read(json));

    [Fact]
    public void No_headers_are_no_text() => HeaderJson.Write(null).ShouldBeNull();

    [Fact]
    public void Empty_headers_come_back_empty() => HeaderJson.Read(HeaderJson.Write([])!).ShouldBeEmpty();

    [Fact]
    public void Text_for_the_database_is_plain_ASCII()
    {
        // Then neither a U+0000 nor half a character can make PostgreSQL refuse it.
        var json = HeaderJson.Write([KeyValuePair.Create<string, object?>("ä\0", "€\0\ud83d😀")])!;

        json.ShouldAllBe(c => c >= ' ' && c <= '~');
    }

    private static object? RoundTrip(object? value) =>
        HeaderJson.Read(HeaderJson.Write([KeyValuePair.Create("header", value)])!)["header"];
}

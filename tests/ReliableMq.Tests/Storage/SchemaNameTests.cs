using Microsoft.EntityFrameworkCore;
using ReliableMq.Storage;

namespace ReliableMq.Tests.Storage;

public sealed class SchemaNameTests
{
    [Theory]
    [InlineData("reliable_mq", true)]
    [InlineData("a", true)]
    [InlineData("_", true)]
    [InlineData("_1", true)]
    [InlineData("pg", true)]
    [InlineData("pgx_", true)]
    [InlineData("orders2", true)]
    [InlineData(null, false)]
    [InlineData("", false)]
    [InlineData(" ", false)]
    [InlineData("1a", false)]
    [InlineData("pg_", false)]
    [InlineData("pg_catalog", false)]
    [InlineData("Orders", false)]
    [InlineData("or-ders", false)]
    [InlineData("or ders", false)]
    [InlineData("or.ders", false)]
    [InlineData("or\"ders", false)]
    [InlineData("orders;drop", false)]
    [InlineData("orders\n", false)]
    [InlineData("orders\0", false)]
    [InlineData("größe", false)]
    [InlineData("a٣", false)]
    public void A_schema_name_needs_no_quoting(string? name, bool valid) => SchemaName.IsValid(name).ShouldBe(valid);

    [Theory]
    [InlineData(63, true)]
    [InlineData(64, false)]
    public void A_schema_name_has_at_most_63_characters(int length, bool valid) =>
        SchemaName.IsValid(new string('a', length)).ShouldBe(valid);

    [Fact]
    public void A_wrong_name_gets_no_tables_in_a_model() =>
        Should.Throw<ArgumentException>(() => new ModelBuilder().AddReliableMq("Orders")).Message.ShouldStartWith("The schema name \"Orders\" is not valid.");

    [Fact]
    public void A_wrong_name_gets_no_script() =>
        Should.Throw<ArgumentException>(() => ReliableMqSchema.Script("Orders")).Message.ShouldBe(
            "The schema name \"Orders\" is not valid. Use a lower-case letter or '_' followed by lower-case letters, digits and '_', at most 63 characters, not starting with \"pg_\". (Parameter 'schema')");
}

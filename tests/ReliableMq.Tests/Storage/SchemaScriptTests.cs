using System.Text.RegularExpressions;
using ReliableMq.Storage;

namespace ReliableMq.Tests.Storage;

public sealed partial class SchemaScriptTests
{
    [Fact]
    public void The_script_is_the_same_text_every_time()
    {
        SchemaScript.For("reliable_mq").ShouldBe(SchemaScript.For("reliable_mq"));
        ReliableMqSchema.Script().ShouldBe(SchemaScript.For("reliable_mq"));
        SchemaScript.For("orders").ShouldBe(SchemaScript.For("reliable_mq").Replace(" reliable_mq.", " orders.", StringComparison.Ordinal)
            .Replace("EXISTS reliable_mq", "EXISTS orders", StringComparison.Ordinal)
            .Replace("schema reliable_mq'", "schema orders'", StringComparison.Ordinal));
    }

    [Fact]
    public void Every_statement_may_be_applied_again() =>
        Statements().ShouldAllBe(statement => AppliesAgain().IsMatch(statement));

    [Fact]
    public void Every_object_is_in_the_named_schema()
    {
        var created = Statements().Select(statement => Created().Match(statement)).Where(match => match.Success).ToList();

        created.Count.ShouldBeGreaterThan(8);
        created.ShouldAllBe(match => match.Groups["schema"].Value == "orders");
    }

    [Fact]
    public void Processes_that_apply_it_at_once_wait_for_one_another() =>
        Statements()[0].ShouldBe("SELECT pg_advisory_xact_lock(hashtextextended('reliable_mq schema orders', 0))");

    [Fact]
    public void The_version_comes_last() =>
        Statements()[^1].ShouldBe($"INSERT INTO orders.schema_version (version) VALUES ({SchemaScript.Version}) ON CONFLICT DO NOTHING");

    [Fact]
    public void Nothing_in_it_takes_anything_away() =>
        SchemaScript.For("orders").ToUpperInvariant().Split().ShouldNotContain(word => word == "DROP" || word == "DELETE" || word == "TRUNCATE");

    private static List<string> Statements() =>
        [.. Comment().Replace(SchemaScript.For("orders"), "").Split(';').Select(statement => statement.Trim()).Where(statement => statement.Length > 0)];

    [GeneratedRegex("--.*")]
    private static partial Regex Comment();

    [GeneratedRegex("^(SELECT pg_advisory_xact_lock|SELECT FROM pg_catalog|CREATE (SCHEMA|TABLE|INDEX|UNIQUE INDEX) IF NOT EXISTS |ALTER TABLE .* IF NOT EXISTS |INSERT .* ON CONFLICT DO NOTHING$)", RegexOptions.Singleline)]
    private static partial Regex AppliesAgain();

    [GeneratedRegex(@"^CREATE TABLE IF NOT EXISTS (?<schema>\w+)\.\w+ |^CREATE (?:UNIQUE )?INDEX IF NOT EXISTS \w+ ON (?<schema>\w+)\.\w+ |^CREATE SCHEMA IF NOT EXISTS (?<schema>\w+)$")]
    private static partial Regex Created();
}

using System.Text;
using System.Text.RegularExpressions;
using Npgsql;
using RabbitMQ.Client;
using ReliableMq.Broker;
using ReliableMq.DeadLettering;
using ReliableMq.Receiving;

namespace ReliableMq.Tests.DeadLettering;

public sealed class StoredDeadLetterTests
{
    [Fact]
    public void Stores_all_that_an_operator_may_want_to_know()
    {
        var delivery = Some.Delivery(new BasicProperties
        {
            Type = "orders.order-placed.v1", ContentType = "application/json", CorrelationId = "c-1",
            Headers = new Dictionary<string, object?> { ["x-reliable-mq-epoch"] = 2L, ["own"] = "ä" },
        });
        var exception = new InvalidOperationException("broken");

        var stored = Store(delivery, exception);

        stored["queue"].ShouldBe("billing");
        stored["message_id"].ShouldBe("m-1");
        stored["epoch"].ShouldBe(2);
        stored["name"].ShouldBe("orders.order-placed.v1");
        stored["exchange"].ShouldBe("orders");
        stored["routing_key"].ShouldBe("orders.order-placed.v1");
        stored["content_type"].ShouldBe("application/json");
        stored["correlation_id"].ShouldBe("c-1");
        stored["attempts"].ShouldBe(5);
        stored["reason"].ShouldBe("why");
        stored["error_type"].ShouldBe("System.InvalidOperationException");
        stored["error"].ShouldBe(exception.ToString());
        stored["body"].ShouldBe(new byte[] { 1, 2, 3 });
        HeaderJson.Read((string)stored["headers"]!)["own"].ShouldBe("ä");
    }

    [Fact]
    public void What_is_not_known_is_null()
    {
        var stored = Store(Some.Delivery());

        new[] { "content_type", "correlation_id", "error_type", "error" }.ShouldAllBe(name => stored[name] == DBNull.Value);
    }

    [Fact]
    public void Every_parameter_of_the_statement_is_given()
    {
        var sql = new DeadLetterSql("orders").Insert;

        Store(Some.Delivery()).Keys.ShouldAllBe(name => sql.Contains($"@{name}", StringComparison.Ordinal));
        Regex.Matches(sql, "@[a-z_]+", RegexOptions.None, TimeSpan.FromSeconds(10)).Select(match => match.Value).Distinct().Count().ShouldBe(Store(Some.Delivery()).Count);
    }

    [Fact]
    public void Large_headers_stay_whole()
    {
        // Text cut in the middle is no JSON, and would make every list of dead letters fail.
        var large = new string('x', 100_000);

        var stored = Store(Some.DeliveryWith("large", Encoding.UTF8.GetBytes(large)));

        HeaderJson.Read((string)stored["headers"]!)["large"].ShouldBe(large);
    }

    [Fact]
    public void Text_that_PostgreSQL_refuses_is_cleaned()
    {
        var stored = Store(Some.Delivery(routingKey: "a\0b"), new InvalidOperationException("c\0d"), reason: "e\0f");

        stored["routing_key"].ShouldBe("a\uFFFDb");
        ((string)stored["error"]!).ShouldContain("c\uFFFDd");
        stored["reason"].ShouldBe("e\uFFFDf");
    }

    private static Dictionary<string, object?> Store(Delivery delivery, Exception? exception = null, string reason = "why")
    {
        using var command = new NpgsqlCommand();
        StoredDeadLetter.AddParameters(command.Parameters, delivery, "billing", "m-1", 5, reason, exception);
        return command.Parameters.ToDictionary(parameter => parameter.ParameterName, parameter => parameter.Value);
    }
}

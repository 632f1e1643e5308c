using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace ReliableMq.Tests.Hosting;

public sealed class DatabaseRulesTests
{
    [Theory]
    [InlineData("Orders")]
    [InlineData("pg_orders")]
    [InlineData("orders; DROP TABLE orders")]
    [InlineData("")]
    public void A_wrong_schema_name_is_told(string schema) =>
        Configured.Errors(("Database:Schema", schema)).ShouldBe([
            $"\"ReliableMq:Database:Schema\" is \"{schema}\", which is not a valid schema name. Use a lower-case letter or '_' followed by lower-case letters, digits and '_', at most 63 characters, not starting with \"pg_\".",
        ]);

    [Fact]
    public void A_wrong_schema_of_a_context_is_told() =>
        Configured.Errors(builder => builder.AddOutbox<OrdersDb>("Orders")).ShouldBe([
            "AddOutbox or AddInbox gave \"OrdersDb\" the schema \"Orders\", which is not a valid schema name. Use a lower-case letter or '_' followed by lower-case letters, digits and '_', at most 63 characters, not starting with \"pg_\".",
        ]);

    [Fact]
    public void Two_schemas_of_a_context_are_told() =>
        Configured.Errors(builder => builder.AddOutbox<OrdersDb>("orders").AddInbox<OrdersDb>("orders_mq")).ShouldBe([
            "AddOutbox and AddInbox gave \"OrdersDb\" the schemas \"orders\" and \"orders_mq\", but it has one. Keep one of them.",
        ]);

    [Fact]
    public void A_second_data_source_is_told() =>
        Configured.Errors(builder => builder.AddOutbox(DataSource()).AddInbox(DataSource())).ShouldBe([
            "AddInbox or AddOutbox was called more than once with a data source, but a service has one. Keep one of the calls; an inbox has an outbox.",
        ]);

    [Fact]
    public void Contexts_and_a_data_source_are_fine() =>
        Configured.Errors(builder => builder.AddInbox<BillingDb>().AddInbox<OrdersDb>().AddInbox(DataSource(), "queue_mq")).ShouldBeEmpty();

    [Fact]
    public void One_inbox_and_many_outboxes_are_fine() =>
        Configured.Errors(builder => builder.AddOutbox<BillingDb>().AddInbox<BillingDb>().AddInbox<BillingDb>().AddOutbox<OrdersDb>()).ShouldBeEmpty();

    private static NpgsqlDataSource DataSource() => NpgsqlDataSource.Create("Host=localhost");
}

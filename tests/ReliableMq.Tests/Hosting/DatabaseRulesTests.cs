using Microsoft.Extensions.DependencyInjection;

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
            "AddOutbox and AddInbox gave \"OrdersDb\" the schemas \"orders\" and \"orders_mq\", but a context has one. Keep one of them.",
        ]);

    [Fact]
    public void A_second_inbox_is_told() =>
        Configured.Errors(builder => builder.AddInbox<BillingDb>().AddInbox<OrdersDb>()).ShouldBe([
            "AddInbox was called for \"BillingDb\" and \"OrdersDb\", but a service has one inbox. Keep one of them; the others may be outboxes.",
        ]);

    [Fact]
    public void One_inbox_and_many_outboxes_are_fine() =>
        Configured.Errors(builder => builder.AddOutbox<BillingDb>().AddInbox<BillingDb>().AddInbox<BillingDb>().AddOutbox<OrdersDb>()).ShouldBeEmpty();
}

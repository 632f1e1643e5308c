using Shop.Runner;
using Shop.Runner.Data;
using Xunit;

namespace Shop.Tests;

/// <summary>The orders of the sample: where they come from and how they are read.</summary>
public sealed class OrdersCsvTests
{
    [Fact]
    public void The_committed_file_is_what_the_generator_makes()
    {
        using var generated = new StringWriter();
        OrderGenerator.Write(generated);

        // Git may have given the file the line ends of the machine.
        var committed = File.ReadAllText(OrdersCsv.DefaultPath).ReplaceLineEndings("\n");
        (committed == generated.ToString()).ShouldBeTrue(
            "Run `Shop.Runner generate > samples/Shop/data/orders.csv` and commit the file, or undo the change of the generator.");
    }

    [Fact]
    public void One_order_in_each_hundred_is_bad_and_never_the_first()
    {
        var orders = OrdersCsv.Read(OrdersCsv.DefaultPath);

        orders.Count.ShouldBe(10_000);
        orders.Select(order => order.OrderId).Distinct().Count().ShouldBe(10_000);
        orders.Chunk(100).ShouldAllBe(hundred => hundred[0].Refusal == null && hundred.Count(order => order.Refusal != null) == 1);
        orders.Select(order => order.Refusal?.Kind).OfType<string>().Distinct().Order().ShouldBe(["negative amount", "unknown product"]);
    }

    [Fact]
    public void A_limit_takes_the_first_orders() =>
        OrdersCsv.Read(OrdersCsv.DefaultPath, 3).ShouldBe(OrdersCsv.Read(OrdersCsv.DefaultPath).Take(3));

    [Fact]
    public void A_line_reads_back_as_it_was_written()
    {
        var line = new OrderLine(Guid.NewGuid(), "Ada Novak", "DE", "MUG-BLUE-300", 2, -14.50m);

        OrderLine.Parse(line.ToString()).ShouldBe(line);
    }

    [Theory]
    [InlineData("a,b", "line 2, 'a,b': expected the columns order_id,customer,country,product,quantity,unit_price.")]
    [InlineData("x,Ada,DE,MUG,1,2.00", "line 2, 'x,Ada,DE,MUG,1,2.00': ")]
    public void A_line_that_is_no_order_is_named(string line, string error)
    {
        var path = Path.GetTempFileName();
        File.WriteAllLines(path, [OrderLine.Header, line]);
        try
        {
            Should.Throw<ShopException>(() => OrdersCsv.Read(path)).Message.ShouldContain(error);
        }
        finally
        {
            File.Delete(path);
        }
    }
}

using Microsoft.EntityFrameworkCore;

namespace Shop.Orders;

public sealed class OrdersDb(DbContextOptions<OrdersDb> options) : DbContext(options)
{
    public DbSet<Order> Orders => Set<Order>();
}

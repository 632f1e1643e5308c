using Microsoft.EntityFrameworkCore;

namespace Shop.Shipping;

public sealed class ShippingDb(DbContextOptions<ShippingDb> options) : DbContext(options)
{
    public DbSet<Shipment> Shipments => Set<Shipment>();

    protected override void OnModelCreating(ModelBuilder model) =>
        model.Entity<Shipment>().HasKey(shipment => shipment.Number);
}

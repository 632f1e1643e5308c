using System.Globalization;
using System.Net.Sockets;
using Npgsql;
using Xunit;

namespace ReliableMq.TestSupport.Tests;

public class PrivatePostgresTests
{
    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(200);

    [Fact]
    public async Task It_can_be_frozen_killed_stopped_and_started_and_keeps_what_was_committed()
    {
        await using var server = await PrivatePostgres.CreateAsync();
        await using var database = await TestDatabase.CreateAsync(server.Server);
        await database.ExecuteAsync("CREATE TABLE kept (id int)");

        await server.FreezeAsync();
        var asked = database.ExecuteAsync("INSERT INTO kept VALUES (1)");
        await Consistently.ForAsync(Moment, () => !asked.IsCompleted, "silence of a frozen server");
        await server.ResumeAsync();
        await asked;

        await server.KillAsync();
        await Assert.ThrowsAnyAsync<NpgsqlException>(() => database.ScalarAsync<long>("SELECT count(*) FROM kept"));
        await server.StartAsync();
        (await database.ScalarAsync<long>("SELECT count(*) FROM kept")).ShouldBe(1);

        await server.StopAsync();
        await Assert.ThrowsAnyAsync<NpgsqlException>(() => database.ScalarAsync<long>("SELECT count(*) FROM kept"));
        await server.StartAsync();
        (await database.ScalarAsync<long>("SELECT count(*) FROM kept")).ShouldBe(1);
    }

    [Fact]
    public async Task A_database_on_a_dead_server_is_disposed_without_ado()
    {
        await using var server = await PrivatePostgres.CreateAsync();
        await using var database = await TestDatabase.CreateAsync(server.Server);

        await server.KillAsync();
    }

    [Fact]
    public async Task A_full_disk_refuses_what_needs_room_until_it_is_drained()
    {
        Assert.SkipUnless(await PrivatePostgres.MayHaveDiskAsync(), "File systems may not be mounted here.");
        var server = await PrivatePostgres.CreateAsync(withDisk: true);
        await using (server)
        {
            await using var database = await TestDatabase.CreateAsync(server.Server);
            await database.ExecuteAsync("CREATE TABLE kept (row text)");
            File.ReadAllText("/proc/mounts").ShouldContain(server.Folder);

            await server.FillDiskAsync();
            var refused = await Assert.ThrowsAsync<PostgresException>(() => database.ExecuteAsync("INSERT INTO kept SELECT repeat('x', 500) FROM generate_series(1, 1000)"));
            refused.SqlState.ShouldBe(PostgresErrorCodes.DiskFull);
            (await database.ScalarAsync<int>("SELECT 1")).ShouldBe(1);

            await server.DrainDiskAsync();
            (await database.ExecuteAsync("INSERT INTO kept SELECT repeat('x', 500) FROM generate_series(1, 1000)")).ShouldBe(1000);
        }

        File.ReadAllText("/proc/mounts").ShouldNotContain(server.Folder);
        Directory.Exists(server.Folder).ShouldBeFalse();
    }

    /// <summary>Twice, so that the one that took over is followed and lost as well.</summary>
    [Fact]
    public async Task What_was_acknowledged_is_with_the_standby_when_the_primary_dies()
    {
        var primary = await PrivatePostgres.CreateAsync(withDisk: await PrivatePostgres.MayHaveDiskAsync());
        await using var line = await TcpProxy.StartAsync("127.0.0.1", primary.Port);
        await using var database = await TestDatabase.CreateAsync(primary.Server.Through(line));
        await database.ExecuteAsync("CREATE TABLE kept (id int)");
        var acknowledged = 0;
        foreach (var timeline in new[] { 2, 3 })
        {
            var storing = StoreAsync(database, () => Interlocked.Increment(ref acknowledged));
            var standby = await primary.CreateStandbyAsync();
            var before = acknowledged;
            await Eventually.TrueAsync(() => acknowledged > before + 100, "commits with a standby");
            await primary.KillAsync();
            await storing;
            (await standby.PromoteAsync()).ShouldBe(timeline);
            line.LeadTo("127.0.0.1", standby.Port);
            await primary.DisposeAsync();
            primary = standby;
            // What was asked for when the primary died may be there or not.
            var stored = await database.ScalarAsync<long>("SELECT count(*) FROM kept");
            stored.ShouldBeInRange(acknowledged, acknowledged + 4);
            acknowledged = (int)stored;
        }

        await primary.DisposeAsync();
    }

    /// <summary>Until the database is gone.</summary>
    private static Task StoreAsync(TestDatabase database, Action acknowledged) => Task.WhenAll(Enumerable.Range(0, 4).Select(async _ =>
    {
        try
        {
            while (true)
            {
                await database.ExecuteAsync("INSERT INTO kept VALUES (1)");
                acknowledged();
            }
        }
        catch (NpgsqlException)
        {
            // It is.
        }
    }));

    [Fact]
    public async Task It_is_gone_when_its_test_process_is_killed()
    {
        await using var test = ChildProcess.StartDotNet(ChildProgram.Path, ["child", "server"]);
        var port = int.Parse(
            await test.WaitForLineAsync(_ => true, TimeSpan.FromMinutes(2)), CultureInfo.InvariantCulture);

        test.Kill();

        await Eventually.TrueAsync(() => IsRefusedAsync(port), "server gone");
    }

    private static async Task<bool> IsRefusedAsync(int port)
    {
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync("127.0.0.1", port);
            return false;
        }
        catch (SocketException error)
        {
            return error.SocketErrorCode == SocketError.ConnectionRefused;
        }
    }
}

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

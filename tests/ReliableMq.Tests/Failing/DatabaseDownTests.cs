using System.Net.Sockets;
using System.Runtime.ExceptionServices;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using ReliableMq.Failing;

namespace ReliableMq.Tests.Failing;

public sealed class DatabaseDownTests
{
    [Theory]
    [InlineData("08000", true)] // connection_exception
    [InlineData("08006", true)] // connection_failure
    [InlineData("53300", true)] // too_many_connections
    [InlineData("53100", true)] // disk_full
    [InlineData("57P01", true)] // admin_shutdown
    [InlineData("57P02", true)] // crash_shutdown
    [InlineData("57P03", true)] // cannot_connect_now
    [InlineData("28P01", true)] // invalid_password
    [InlineData("3D000", true)] // invalid_catalog_name
    [InlineData("25006", true)] // read_only_sql_transaction: a standby
    [InlineData("58030", true)] // io_error
    [InlineData("XX000", true)] // internal_error: what a session that cannot begin for want of room ends with
    [InlineData("57014", false)] // query_canceled
    [InlineData("55P03", false)] // lock_not_available
    [InlineData("40001", false)] // serialization_failure
    [InlineData("40P01", false)] // deadlock_detected
    [InlineData("23505", false)] // unique_violation
    [InlineData("22021", false)] // character_not_in_repertoire: U+0000 in text
    [InlineData("42P01", false)] // undefined_table
    public void An_error_of_the_server_says_by_its_code(string sqlState, bool down)
    {
        FailureRules.LooksLikeDatabaseDown(Postgres(sqlState)).ShouldBe(down);
        FailureRules.LooksLikeDatabaseDown(new DbUpdateException("saving failed", Postgres(sqlState))).ShouldBe(down);
    }

    [Theory]
    [InlineData("FATAL", true)]
    [InlineData("PANIC", true)]
    [InlineData("ERROR", false)]
    public void What_ends_the_session_looks_like_it(string severity, bool down) =>
        FailureRules.LooksLikeDatabaseDown(new PostgresException("permission denied for database", severity, severity, "42501")).ShouldBe(down);

    [Fact]
    public void A_line_that_breaks_before_a_handler_begins_says_nothing_of_the_message()
    {
        var broken = new InvalidOperationException("wrapped", new NpgsqlException("Exception while reading from stream", new EndOfStreamException()));
        ReliableMq.Inbox.LineBrokeException.Tell(broken).ShouldBeOfType<ReliableMq.Inbox.LineBrokeException>().InnerException.ShouldBeSameAs(broken);
        // What the database says may be about this message only, and has to be counted.
        var said = Postgres("XX000");
        ReliableMq.Inbox.LineBrokeException.Tell(said).ShouldBeSameAs(said);
        var other = new InvalidOperationException("another");
        ReliableMq.Inbox.LineBrokeException.Tell(other).ShouldBeSameAs(other);
    }

    [Fact]
    public void What_the_database_said_is_told_however_it_was_wrapped()
    {
        var said = Postgres("XX000");
        FailureRules.CauseOf(new InvalidOperationException("An exception has been raised that is likely due to a transient failure.", said)).ShouldBeSameAs(said);
        FailureRules.CauseOf(said).ShouldBeSameAs(said);
        var other = new InvalidOperationException("no context", new ArgumentException("inner"));
        FailureRules.CauseOf(other).ShouldBeSameAs(other);
    }

    /// <summary>However deep inside.</summary>
    public static TheoryData<Exception> Down { get; } =
    [
        new NpgsqlException("no connection"),
        new NpgsqlException("timeout", new TimeoutException()),
        new SocketException((int)SocketError.ConnectionRefused),
        new EndOfStreamException(),
        new InvalidOperationException("outer", new DbUpdateException("middle", new NpgsqlException("inner"))),
        new AggregateException(new NpgsqlException("first"), new InvalidOperationException("second")),
    ];

    [Theory]
    [MemberData(nameof(Down))]
    public void An_error_of_the_line_looks_like_it(Exception exception) =>
        FailureRules.LooksLikeDatabaseDown(exception).ShouldBeTrue();

    /// <summary>They speak of the message, or of something else.</summary>
    public static TheoryData<Exception> NotDown { get; } =
    [
        new InvalidOperationException(), new TimeoutException(), new OperationCanceledException(), new IOException(), new PermanentFailureException("x"),
        new InvalidOperationException("outer", new InvalidOperationException("inner")),
        new NpgsqlException("The connection pool has been exhausted, either raise 'Max Pool Size' (currently 100) or 'Timeout' (currently 15 seconds) in your connection string.", new TimeoutException()),
    ];

    [Theory]
    [MemberData(nameof(NotDown))]
    public void Other_errors_do_not(Exception exception) =>
        FailureRules.LooksLikeDatabaseDown(exception).ShouldBeFalse();

    [Fact]
    public void No_error_does_not() => FailureRules.LooksLikeDatabaseDown(null).ShouldBeFalse();

    private static PostgresException Postgres(string sqlState) => new("message", "ERROR", "ERROR", sqlState);

    [Fact]
    public void A_connection_that_breaks_while_a_command_begins_is_the_database_however_the_client_tells_it()
    {
        var disposed = new ObjectDisposedException(typeof(ManualResetEventSlim).FullName);
        FailureRules.LooksLikeDatabaseDown(disposed).ShouldBeFalse("nobody knows whose it is");
        ExceptionDispatchInfo.SetRemoteStackTrace(disposed, "   at System.Threading.ManualResetEventSlim.Reset()\n   at Npgsql.Internal.NpgsqlConnector.ResetCancellation()");
        FailureRules.LooksLikeDatabaseDown(disposed).ShouldBeTrue();
        FailureRules.LooksLikeDatabaseDown(new InvalidOperationException("Connection is not open")).ShouldBeTrue();

        FailureRules.LooksLikeDatabaseDown(new ObjectDisposedException("Npgsql.PoolingDataSource")).ShouldBeFalse("its owner has disposed of it");
        FailureRules.LooksLikeDatabaseDown(new InvalidOperationException("The order is closed.")).ShouldBeFalse();
    }
}

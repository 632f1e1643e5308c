using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using ReliableMq.Integration.Support;
using ReliableMq.TestSupport;
using Xunit;

namespace ReliableMq.Integration;

public class Storing_without_EF
{
    [Fact]
    public async Task A_message_leaves_within_a_second_of_a_commit_that_nobody_tells_of()
    {
        await using var world = await World.CreateAsync();
        // Only the hand-over can be this fast: the poll would take a minute.
        await using var service = await world.StartAsync(setup =>
        {
            setup.HandleNumbered();
            setup.Settings["Outbox:PollInterval"] = "00:01:00";
        });
        await service.ConsumingAsync();
        var outbox = service.Host.Services.GetRequiredService<IOutbox>();
        await using var connection = await world.Database.DataSource.OpenConnectionAsync();

        await using (var transaction = await connection.BeginTransactionAsync())
        {
            await outbox.AddAsync(transaction, new Numbered(1));
            await Consistently.EqualAsync(TimeSpan.FromMilliseconds(500), 0, () => world.EffectsAsync().ContinueWith(effects => effects.Result.Count(), TaskScheduler.Default), "effects before the commit");
            await transaction.CommitAsync();
        }

        await Eventually.EqualAsync([1], world.EffectsAsync, "effects", TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task Thousands_are_stored_in_one_statement_and_a_rollback_takes_them_along()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup => setup.HandleNumbered());
        var outbox = service.Host.Services.GetRequiredService<IOutbox>();
        await using var connection = await world.Database.DataSource.OpenConnectionAsync();
        await using (var lost = await connection.BeginTransactionAsync())
        {
            await outbox.AddManyAsync(lost, Enumerable.Range(10_000, 10).Select(number => new Numbered(number)));
            await lost.RollbackAsync();
        }

        await using (var transaction = await connection.BeginTransactionAsync())
        {
            await outbox.AddManyAsync(transaction, Enumerable.Range(0, 2_000).Select(number => new Numbered(number)));
            await transaction.CommitAsync();
        }

        await Eventually.EqualAsync(Enumerable.Range(0, 2_000), world.EffectsAsync, "effects", TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task A_database_from_which_nothing_is_sent_is_refused()
    {
        await using var world = await World.CreateAsync();
        await using var elsewhere = await TestDatabase.CreateAsync();
        await elsewhere.ExecuteAsync(ReliableMqSchema.Script());
        await using var service = await world.StartAsync();
        await using var connection = await elsewhere.DataSource.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();

        var error = await Should.ThrowAsync<ReliableMqException>(() => service.Host.Services.GetRequiredService<IOutbox>().AddAsync(transaction, new Numbered(1)));

        var server = new NpgsqlConnectionStringBuilder(world.Database.ConnectionString);
        error.Message.ShouldBe(
            $"The message \"tests.numbered.v1\" was added on the database \"{server.Host}:{server.Port}/{elsewhere.Name}\", from which nothing is sent here. Call AddReliableMq(…).AddOutbox<TContext>() for a context on it. Databases that are served: \"{server.Host}:{server.Port}/{world.Database.Name}\".");
    }

    [Fact]
    public async Task Publishing_without_a_database_returns_after_the_confirm_and_throws_the_brokers_reason()
    {
        await using var world = await World.CreateAsync();
        await world.BindPlainQueueAsync("target", "tests", "tests.numbered.v1");
        await world.BindPlainQueueAsync("full", "tests", "tests.followed.v1", new()
        {
            ["x-queue-type"] = "classic",
            ["x-max-length"] = 0,
            ["x-overflow"] = "reject-publish",
        });
        await using var service = await world.StartAsync();
        var publisher = service.Host.Services.GetRequiredService<IMessagePublisher>();

        await publisher.PublishAsync(new Numbered(1), new MessageOptions { MessageId = "m1" });
        (await world.Broker.GetAsync("target")).ShouldNotBeNull().BasicProperties.MessageId.ShouldBe("m1");

        (await Should.ThrowAsync<MessageReturnedException>(() => publisher.PublishAsync(new Elsewhere(1), new MessageOptions { MessageId = "m2" }))).Message.ShouldBe(
            "The message \"elsewhere.other.v1\" m2 reached no queue. The broker returned the message: 312 NO_ROUTE (exchange \"elsewhere\", routing key \"elsewhere.other.v1\"). Bind a queue, or publish it later.");
        (await Should.ThrowAsync<MessageNackedException>(() => publisher.PublishAsync(new Followed(1), new MessageOptions { MessageId = "m3" }))).Message.ShouldBe(
            "The message \"tests.followed.v1\" m3 was not taken. The broker refused the message (basic.nack). Look for a full queue with \"reject-publish\", and publish it later.");

        // The channel goes on after all that.
        await publisher.PublishAndMayBeLostAsync(new Numbered(2));
        await publisher.PublishAsync(new Numbered(3));
        (await world.Broker.QueueCountsAsync("target")).Ready.ShouldBe(2);
    }

    [Fact]
    public async Task Publishing_without_an_answer_says_that_the_outcome_is_not_known()
    {
        await using var world = await World.CreateAsync();
        await world.BindPlainQueueAsync("target", "tests", "tests.numbered.v1");
        await using var proxy = await TcpProxy.StartAsync(world.Broker.HostName, world.Broker.Port);
        await using var service = await world.StartAsync(setup =>
        {
            setup.Through(proxy);
            setup.Settings["Broker:ConfirmTimeout"] = "00:00:01";
        });
        var publisher = service.Host.Services.GetRequiredService<IMessagePublisher>();
        await publisher.PublishAsync(new Numbered(1));
        proxy.DropAnswers = true;

        await Should.ThrowAsync<MessageUnconfirmedException>(() => publisher.PublishAsync(new Numbered(2)));

        proxy.DropAnswers = false;
        proxy.ResetAll();
        // The one that meets the dying connection may be unconfirmed as well; a later one is not.
        await Eventually.TrueAsync(async () =>
        {
            await publisher.PublishAsync(new Numbered(3));
            return true;
        }, "a message is confirmed again");
    }

    [Fact]
    public async Task A_full_window_without_confirms_keeps_nobody_waiting_for_ever()
    {
        await using var world = await World.CreateAsync();
        await world.BindPlainQueueAsync("target", "tests", "tests.numbered.v1");
        await using var proxy = await TcpProxy.StartAsync(world.Broker.HostName, world.Broker.Port);
        await using var service = await world.StartAsync(setup =>
        {
            setup.Through(proxy);
            setup.Settings["Broker:ConfirmTimeout"] = "00:00:01";
            setup.Settings["Outbox:MaxUnconfirmed"] = "1";
            // So that the connection is not given up meanwhile.
            setup.Settings["Broker:Heartbeat"] = "00:01:00";
            setup.Settings["Outbox:Lease"] = "00:10:00";
        });
        var publisher = service.Host.Services.GetRequiredService<IMessagePublisher>();
        await publisher.PublishAsync(new Numbered(1));
        proxy.DropAnswers = true;

        var publishing = Enumerable.Range(2, 2).Select(number => Should.ThrowAsync<MessageUnconfirmedException>(() => publisher.PublishAsync(new Numbered(number))));

        await Task.WhenAll(publishing).WaitAsync(TimeSpan.FromSeconds(15));
        proxy.ResetAll();
    }
}

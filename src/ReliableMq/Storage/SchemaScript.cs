namespace ReliableMq.Storage;

/// <summary>
/// The tables. The script may be applied any number of times, also by several processes at once.
/// </summary>
internal static class SchemaScript
{
    /// <summary>
    /// Raised with every release that changes the tables. The release before runs on them, too, so a change only
    /// adds: tables, indexes, and columns that may be null or have a default.
    /// </summary>
    public const int Version = 1;

    public static string For(string schema) =>
        $"""
        SELECT pg_advisory_xact_lock(hashtextextended('reliable_mq schema {schema}', 0));

        CREATE SCHEMA IF NOT EXISTS {schema};

        CREATE TABLE IF NOT EXISTS {schema}.schema_version (
            version     integer     PRIMARY KEY,
            applied_at  timestamptz NOT NULL DEFAULT clock_timestamp());

        -- The one service whose rows these are. Its processes share it; another service would send its messages.
        CREATE TABLE IF NOT EXISTS {schema}.owner (
            only_one  boolean PRIMARY KEY DEFAULT true CHECK (only_one),
            service   text    NOT NULL);

        -- What still has to be sent. available_at is the one time that counts: until then the row is leased,
        -- waits for its next attempt or for its due time; after it anybody may take it.
        CREATE TABLE IF NOT EXISTS {schema}.outbox (
            id              uuid        PRIMARY KEY,
            message_id      text        NOT NULL,
            name            text        NOT NULL,
            exchange        text        NOT NULL,
            routing_key     text        NOT NULL,
            content_type    text        NOT NULL,
            headers         text,
            body            bytea       NOT NULL,
            correlation_id  text,
            causation_id    text,
            traceparent     text,
            created_at      timestamptz NOT NULL,
            due_at          timestamptz,
            available_at    timestamptz NOT NULL,
            node            uuid,
            fence           bigint      NOT NULL DEFAULT 0,
            attempts        integer     NOT NULL DEFAULT 0,
            error_kind      text,
            error           text);
        CREATE INDEX IF NOT EXISTS outbox_available ON {schema}.outbox (available_at);

        -- What was sent: confirmed by the broker and not returned.
        CREATE TABLE IF NOT EXISTS {schema}.outbox_history (
            id              uuid        PRIMARY KEY,
            message_id      text        NOT NULL,
            name            text        NOT NULL,
            exchange        text        NOT NULL,
            routing_key     text        NOT NULL,
            content_type    text        NOT NULL,
            headers         text,
            body            bytea       NOT NULL,
            correlation_id  text,
            causation_id    text,
            traceparent     text,
            created_at      timestamptz NOT NULL,
            due_at          timestamptz,
            attempts        integer     NOT NULL,
            sent_at         timestamptz NOT NULL);

        -- What was handled: inserted in the handler's own transaction.
        CREATE TABLE IF NOT EXISTS {schema}.inbox (
            queue       text COLLATE "C" NOT NULL,
            message_id  text COLLATE "C" NOT NULL,
            handled_at  timestamptz      NOT NULL DEFAULT clock_timestamp(),
            PRIMARY KEY (queue, message_id));

        -- What failed and is not done: attempts count here, never in the broker.
        CREATE TABLE IF NOT EXISTS {schema}.failure (
            queue           text COLLATE "C" NOT NULL,
            message_id      text COLLATE "C" NOT NULL,
            epoch           integer          NOT NULL,
            attempts        integer          NOT NULL,
            state           text             NOT NULL CHECK (state IN ('failing', 'scheduled', 'dead', 'discarded')),
            next_attempt_at timestamptz,
            error_type      text,
            error           text,
            first_failed_at timestamptz      NOT NULL DEFAULT clock_timestamp(),
            last_failed_at  timestamptz      NOT NULL DEFAULT clock_timestamp(),
            PRIMARY KEY (queue, message_id));

        CREATE TABLE IF NOT EXISTS {schema}.dead_letter (
            queue           text COLLATE "C" NOT NULL,
            message_id      text COLLATE "C" NOT NULL,
            epoch           integer          NOT NULL,
            name            text             NOT NULL,
            exchange        text             NOT NULL,
            routing_key     text             NOT NULL,
            content_type    text,
            headers         text,
            body            bytea            NOT NULL,
            correlation_id  text,
            attempts        integer          NOT NULL,
            reason          text             NOT NULL,
            error_type      text,
            error           text,
            dead_at         timestamptz      NOT NULL DEFAULT clock_timestamp(),
            PRIMARY KEY (queue, message_id, epoch));
        CREATE INDEX IF NOT EXISTS dead_letter_dead_at ON {schema}.dead_letter (dead_at);

        CREATE TABLE IF NOT EXISTS {schema}.node (
            id            uuid        PRIMARY KEY,
            service       text        NOT NULL,
            host          text        NOT NULL,
            started_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
            heartbeat_at  timestamptz NOT NULL DEFAULT clock_timestamp());

        INSERT INTO {schema}.schema_version (version) VALUES ({Version}) ON CONFLICT DO NOTHING;
        """;
}

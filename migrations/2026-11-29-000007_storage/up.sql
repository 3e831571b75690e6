-- Events and histories in less space. The program compresses bodies and writes digests. SQLite calls it for those that are
-- here (the functions are in `db/migrate.rs`). PostgreSQL cannot, so they stay as they are until `dossier rebuild`.

ALTER TABLE events RENAME TO old_events;
ALTER TABLE history RENAME TO old_history;
ALTER TABLE retained_events RENAME TO old_retained_events;
/*postgres
ALTER INDEX events_pkey RENAME TO old_events_pkey;
ALTER INDEX events_project_id_event_key_key RENAME TO old_events_key;
ALTER INDEX history_pkey RENAME TO old_history_pkey;
ALTER INDEX retained_events_pkey RENAME TO old_retained_events_pkey;
*/

-- Events as they came. `event_key` is a hash of their id, by which a second delivery is known. `digest` holds what a row of the
-- history shows, so that a page of history reads no bodies. No project is ever deleted, so there is no reference to it, which
-- PostgreSQL would check for each event. SQLite finds a long row fastest by a number alone.
CREATE TABLE events (
    project_id BIGINT NOT NULL,
    id /*sqlite INTEGER PRIMARY KEY*/ /*postgres BIGINT*/ NOT NULL,
    received_at BIGINT NOT NULL,
    event_key BYTEA NOT NULL,
    digest BYTEA NOT NULL,
    body BYTEA NOT NULL,
    /*postgres PRIMARY KEY (project_id, id),*/
    UNIQUE (project_id, event_key)
);
-- What is compressed already is not compressed once more.
/*postgres ALTER TABLE events ALTER COLUMN body SET STORAGE EXTERNAL; */

INSERT INTO events (project_id, id, received_at, event_key, digest, body)
SELECT
    project_id,
    id,
    received_at,
    /*sqlite short_key(event_key), digest(summary), stored(body)*/
    /*postgres substring(sha256(event_key) FOR 15), convert_to(summary, 'UTF8'), convert_to(body, 'UTF8')*/
FROM (
    SELECT
        old_events.*,
        -- An event in no history has none. It gets its digest from `dossier rebuild`.
        coalesce((SELECT summary FROM old_history WHERE event_id = old_events.id LIMIT 1), '') AS summary
    FROM old_events
) AS old_events
ORDER BY project_id, id;

-- In whose history an event stands, and in which order. The small numbers are those of `events::history`, and `kind` is
-- the place of the type in `events::kinds`. As with payments, the program deletes the rows with the customer.
CREATE TABLE history (
    customer_id BIGINT NOT NULL,
    timeline_at BIGINT NOT NULL,
    event_at BIGINT NOT NULL,
    event_id BIGINT NOT NULL,
    tie INTEGER NOT NULL,
    environment SMALLINT NOT NULL,
    topic SMALLINT NOT NULL,
    side SMALLINT NOT NULL,
    kind SMALLINT NOT NULL,
    PRIMARY KEY (customer_id, timeline_at, event_at, tie, event_id)
) /*sqlite WITHOUT ROWID*/;

INSERT INTO history (customer_id, timeline_at, event_at, event_id, tie, environment, topic, side, kind)
SELECT
    customer_id,
    timeline_at,
    event_at,
    event_id,
    tie >> 29,
    CASE environment WHEN 'production' THEN 0 WHEN 'sandbox' THEN 1 ELSE 2 END,
    CASE topic WHEN 'money' THEN 0 WHEN 'access' THEN 1 WHEN 'trouble' THEN 2 WHEN 'identity' THEN 3 ELSE 4 END,
    CASE side WHEN 'own' THEN 0 ELSE 1 END,
    CASE /*sqlite iif(json_valid(summary), summary ->> '$.kind', '')*/
        /*postgres split_part(split_part(summary, '"kind":"', 2), '"', 1)*/
        WHEN 'TEST' THEN 1
        WHEN 'INITIAL_PURCHASE' THEN 2
        WHEN 'RENEWAL' THEN 3
        WHEN 'CANCELLATION' THEN 4
        WHEN 'UNCANCELLATION' THEN 5
        WHEN 'NON_RENEWING_PURCHASE' THEN 6
        WHEN 'SUBSCRIPTION_PAUSED' THEN 7
        WHEN 'EXPIRATION' THEN 8
        WHEN 'BILLING_ISSUE' THEN 9
        WHEN 'PRODUCT_CHANGE' THEN 10
        WHEN 'TRANSFER' THEN 11
        WHEN 'SUBSCRIPTION_EXTENDED' THEN 12
        WHEN 'TEMPORARY_ENTITLEMENT_GRANT' THEN 13
        WHEN 'REFUND_REVERSED' THEN 14
        WHEN 'INVOICE_ISSUANCE' THEN 15
        WHEN 'VIRTUAL_CURRENCY_TRANSACTION' THEN 16
        WHEN 'EXPERIMENT_ENROLLMENT' THEN 17
        WHEN 'SUBSCRIBER_ALIAS' THEN 18
        WHEN 'OFFERING_OVERRIDE_ENDED' THEN 19
        ELSE 0
    END
FROM old_history
ORDER BY customer_id, timeline_at, event_at, tie, event_id;

DROP TABLE old_history;
DROP TABLE old_events;
CREATE INDEX history_by_event ON history (customer_id, event_at, tie, event_id);
CREATE INDEX history_of_event ON history (event_id, customer_id);

-- Events of erased customers, redacted, from which purchases of others still follow. `stands_as` is the number that stands
-- for the erased customer in the fold.
CREATE TABLE retained_events (
    customer_id BIGINT NOT NULL REFERENCES customers (id) ON DELETE CASCADE,
    event_id BIGINT NOT NULL,
    side SMALLINT NOT NULL,
    stands_as BIGINT NOT NULL,
    PRIMARY KEY (customer_id, event_id, side)
);
INSERT INTO retained_events (customer_id, event_id, side, stands_as)
SELECT customer_id, event_id, CASE side WHEN 'own' THEN 0 ELSE 1 END, stands_as FROM old_retained_events;
DROP TABLE old_retained_events;
CREATE INDEX retained_events_by_event ON retained_events (event_id, customer_id);
CREATE INDEX retained_events_of_stand_in ON retained_events (stands_as);

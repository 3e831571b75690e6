-- PostgreSQL cannot read what the program has written, so it keeps its tables as soon as they hold a row of this version.
/*postgres
DO $$
BEGIN
    IF EXISTS (
        SELECT FROM events
        WHERE digest <> '' AND substring(digest FOR 1) <> '{' OR substring(body FOR 4) = '\x28b52ffd'
    ) THEN
        RAISE EXCEPTION 'PostgreSQL cannot read the events that this version has written';
    END IF;
END
$$;
*/

ALTER TABLE events RENAME TO new_events;
ALTER TABLE history RENAME TO new_history;
ALTER TABLE retained_events RENAME TO new_retained_events;
/*postgres
ALTER INDEX events_pkey RENAME TO new_events_pkey;
ALTER INDEX events_project_id_event_key_key RENAME TO new_events_key;
ALTER INDEX history_pkey RENAME TO new_history_pkey;
ALTER INDEX retained_events_pkey RENAME TO new_retained_events_pkey;
*/

CREATE TABLE events (
    project_id BIGINT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    id BIGINT NOT NULL,
    event_key BYTEA NOT NULL,
    received_at BIGINT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (project_id, id),
    UNIQUE (project_id, event_key)
);
INSERT INTO events (project_id, id, event_key, received_at, body)
SELECT
    project_id,
    id,
    /*sqlite long_key(coalesce(body ->> '$.event.id', CAST(id AS TEXT)))*/
    /*postgres CASE
        WHEN length(key) <= 160 THEN key
        ELSE substring(key FOR 128) || sha256(key) || '\x00'::bytea
    END*/,
    received_at,
    body
FROM (
    SELECT project_id, id, received_at, /*sqlite plain(body)*/ /*postgres convert_from(body, 'UTF8')*/ AS body FROM new_events
) AS texts
/*postgres CROSS JOIN LATERAL (SELECT convert_to(coalesce(body::json -> 'event' ->> 'id', id::text), 'UTF8') AS key) AS keys */;

CREATE TABLE history (
    customer_id BIGINT NOT NULL REFERENCES customers (id) ON DELETE CASCADE,
    timeline_at BIGINT NOT NULL,
    event_at BIGINT NOT NULL,
    tie BIGINT NOT NULL,
    event_id BIGINT NOT NULL,
    environment TEXT NOT NULL,
    topic TEXT NOT NULL,
    side TEXT NOT NULL,
    summary TEXT NOT NULL,
    PRIMARY KEY (customer_id, timeline_at, event_at, tie, event_id)
);
INSERT INTO history (customer_id, timeline_at, event_at, tie, event_id, environment, topic, side, summary)
SELECT
    customer_id,
    timeline_at,
    event_at,
    CAST(tie AS BIGINT) << 29,
    event_id,
    CASE environment WHEN 0 THEN 'production' WHEN 1 THEN 'sandbox' ELSE 'none' END,
    CASE topic WHEN 0 THEN 'money' WHEN 1 THEN 'access' WHEN 2 THEN 'trouble' WHEN 3 THEN 'identity' ELSE 'other' END,
    CASE side WHEN 0 THEN 'own' ELSE 'lost' END,
    /*sqlite summary(digest)*/ /*postgres convert_from(digest, 'UTF8')*/
FROM new_history
JOIN new_events ON new_events.id = event_id;

DROP TABLE new_history;
DROP TABLE new_events;
CREATE INDEX history_by_event ON history (customer_id, event_at, tie, event_id);
CREATE INDEX history_of_event ON history (event_id, customer_id);

CREATE TABLE retained_events (
    customer_id BIGINT NOT NULL REFERENCES customers (id) ON DELETE CASCADE,
    event_id BIGINT NOT NULL,
    side TEXT NOT NULL,
    stands_as BIGINT NOT NULL,
    PRIMARY KEY (customer_id, event_id, side)
);
INSERT INTO retained_events (customer_id, event_id, side, stands_as)
SELECT customer_id, event_id, CASE side WHEN 0 THEN 'own' ELSE 'lost' END, stands_as FROM new_retained_events;
DROP TABLE new_retained_events;
CREATE INDEX retained_events_by_event ON retained_events (event_id, customer_id);
CREATE INDEX retained_events_of_stand_in ON retained_events (stands_as);

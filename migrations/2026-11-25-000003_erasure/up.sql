-- Erasing customers, and keeping out who must not come back. No table here holds an id that was erased: only its keyed
-- hash.

-- Ids whose customer was erased, and when: what happened up to then is not taken in any more.
CREATE TABLE tombstones (
    project_id BIGINT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    id_hash BYTEA NOT NULL,
    erased_at BIGINT NOT NULL,
    -- Events that came too late since.
    late BIGINT NOT NULL,
    PRIMARY KEY (project_id, id_hash)
);

-- Customers who are blocked, each with the one id by which it is known.
CREATE TABLE blocked_customers (
    project_id BIGINT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    id BIGINT NOT NULL,
    app_user_id TEXT NOT NULL,
    ids BIGINT NOT NULL,
    blocked_at BIGINT NOT NULL,
    -- Events that came for it since.
    ignored BIGINT NOT NULL,
    PRIMARY KEY (project_id, id)
);

CREATE TABLE blocked_ids (
    project_id BIGINT NOT NULL,
    id_hash BYTEA NOT NULL,
    blocked_id BIGINT NOT NULL,
    PRIMARY KEY (project_id, id_hash),
    FOREIGN KEY (project_id, blocked_id) REFERENCES blocked_customers (project_id, id) ON DELETE CASCADE
);
CREATE INDEX blocked_ids_of_customer ON blocked_ids (project_id, blocked_id);

-- Events of customers who were erased, without anybody's name: purchases that others have received follow from them.
-- `nameless` is a number below zero that tells one of the erased from another; `side` is as in `history`.
CREATE TABLE inherited_events (
    customer_id BIGINT NOT NULL REFERENCES customers (id) ON DELETE CASCADE,
    event_id BIGINT NOT NULL,
    side TEXT NOT NULL,
    nameless BIGINT NOT NULL,
    PRIMARY KEY (customer_id, event_id, side)
);
CREATE INDEX inherited_events_by_event ON inherited_events (event_id, customer_id);

-- Erasures after which the database's own leftovers (its log, its free pages) are still to be cleared away.
CREATE TABLE sweeps (
    id BIGINT NOT NULL PRIMARY KEY,
    asked_at BIGINT NOT NULL
);

-- Deleting many test accounts, in small steps. `wanted` says how they were chosen, until the job is done.
CREATE TABLE deletion_jobs (
    project_id BIGINT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    id BIGINT NOT NULL,
    person_id BIGINT NOT NULL,
    role TEXT NOT NULL,
    asked_at BIGINT NOT NULL,
    wanted TEXT NOT NULL,
    chosen BIGINT NOT NULL,
    erased BIGINT NOT NULL,
    kept BIGINT NOT NULL,
    finished_at BIGINT,
    PRIMARY KEY (project_id, id)
);

-- Who is still to be deleted by a job.
CREATE TABLE deletion_choices (
    project_id BIGINT NOT NULL,
    job_id BIGINT NOT NULL,
    customer_id BIGINT NOT NULL,
    PRIMARY KEY (project_id, job_id, customer_id),
    FOREIGN KEY (project_id, job_id) REFERENCES deletion_jobs (project_id, id) ON DELETE CASCADE
);

ALTER TABLE projects ADD COLUMN others_may_delete BOOLEAN NOT NULL DEFAULT FALSE;

-- What the team does: who did what, so that nothing done here is forgotten or done twice.

-- The audit log: only ever added to. Each entry carries the hash of the one before (position 1 carries none).
CREATE TABLE audit_entries (
    project_id BIGINT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    position BIGINT NOT NULL,
    id BIGINT NOT NULL,
    at BIGINT NOT NULL,
    actor_kind TEXT NOT NULL CHECK (actor_kind IN ('person', 'system', 'operator', 'api_key')),
    actor_id BIGINT,
    role TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    request TEXT NOT NULL,
    details_hash TEXT NOT NULL,
    previous_hash TEXT NOT NULL,
    hash TEXT NOT NULL,
    PRIMARY KEY (project_id, position)
);
CREATE INDEX audit_entries_by_time ON audit_entries (project_id, at, position);
CREATE INDEX audit_entries_by_action ON audit_entries (project_id, action, position);
CREATE INDEX audit_entries_by_actor ON audit_entries (project_id, actor_id, position);

-- What an entry says of a customer: apart, because it goes with the customer. The entry keeps its salted hash.
CREATE TABLE audit_details (
    project_id BIGINT NOT NULL,
    position BIGINT NOT NULL,
    customer_id BIGINT REFERENCES customers (id) ON DELETE CASCADE,
    salt TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (project_id, position),
    FOREIGN KEY (project_id, position) REFERENCES audit_entries (project_id, position) ON DELETE CASCADE
);
CREATE INDEX audit_details_of_customer ON audit_details (customer_id, position);

-- What somebody was told after an action, for a while: sending the same form again is answered with it, and undoing
-- starts from it.
CREATE TABLE receipts (
    person_id BIGINT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    id BIGINT NOT NULL,
    project_id BIGINT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    customer_id BIGINT REFERENCES customers (id) ON DELETE CASCADE,
    once TEXT,
    fingerprint TEXT NOT NULL,
    at BIGINT NOT NULL,
    location TEXT NOT NULL,
    told TEXT NOT NULL,
    undo TEXT,
    undone_at BIGINT,
    PRIMARY KEY (person_id, id),
    UNIQUE (person_id, once)
);
CREATE INDEX receipts_by_age ON receipts (at);
CREATE INDEX receipts_of_customer ON receipts (customer_id);

ALTER TABLE notes ADD COLUMN author_id BIGINT;
ALTER TABLE notes ADD COLUMN edited_by_id BIGINT;

-- When somebody last proved who they are: with a password or a second factor.
ALTER TABLE sessions ADD COLUMN proved_at BIGINT NOT NULL DEFAULT 0;

ALTER TABLE projects ADD COLUMN note_length BIGINT NOT NULL DEFAULT 255;
ALTER TABLE projects ADD COLUMN note_count BIGINT NOT NULL DEFAULT 10;

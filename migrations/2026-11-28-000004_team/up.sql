-- What the team does: the audit log, and forms that were sent.

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
CREATE INDEX audit_entries_by_action ON audit_entries (project_id, action, at, position);
CREATE INDEX audit_entries_by_actor ON audit_entries (project_id, actor_kind, actor_id, at, position);

-- What an entry says. It lies apart, so that it can go with its customer while the chain stays whole.
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

-- Forms that were sent: what a second sending is answered, the message of the next page, and what undoing needs. Kept for
-- a day.
CREATE TABLE submissions (
    person_id BIGINT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    id BIGINT NOT NULL,
    project_id BIGINT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    customer_id BIGINT REFERENCES customers (id) ON DELETE CASCADE,
    once TEXT,
    fingerprint TEXT NOT NULL,
    at BIGINT NOT NULL,
    location TEXT NOT NULL,
    message TEXT NOT NULL,
    undo TEXT,
    undone_at BIGINT,
    PRIMARY KEY (person_id, id),
    UNIQUE (person_id, once)
);
CREATE INDEX submissions_by_age ON submissions (at);
CREATE INDEX submissions_of_customer ON submissions (customer_id);

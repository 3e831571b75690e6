-- Events go out: where to, what waits, and what became of it.

-- Webhook endpoints of a project. `authorization_value` is sent as it is and `secret` signs, so neither can be a hash.
-- Nothing in `destination_types` means every type. The `last_` columns tell of the newest attempt.
CREATE TABLE destinations (
    project_id BIGINT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    id BIGINT NOT NULL,
    name TEXT NOT NULL,
    url TEXT NOT NULL,
    authorization_value TEXT,
    environment TEXT NOT NULL CHECK (environment IN ('all', 'production', 'sandbox')),
    sends_received BOOLEAN NOT NULL,
    is_on BOOLEAN NOT NULL,
    secret BYTEA NOT NULL,
    secret_set_at BIGINT NOT NULL,
    old_secret BYTEA,
    old_secret_until BIGINT,
    created_at BIGINT NOT NULL,
    last_at BIGINT,
    last_status BIGINT,
    last_problem TEXT,
    PRIMARY KEY (project_id, id)
);

CREATE TABLE destination_types (
    project_id BIGINT NOT NULL,
    destination_id BIGINT NOT NULL,
    type TEXT NOT NULL,
    PRIMARY KEY (project_id, destination_id, type),
    FOREIGN KEY (project_id, destination_id) REFERENCES destinations (project_id, id) ON DELETE CASCADE
);

-- The queue, and what it has done. `event_row` is the event's row, none for a test. Who takes a delivery to send it moves
-- `due_at` on and leaves a mark in `leased_by`: should they die, it comes due again. `tries` counts since it was last queued.
CREATE TABLE outgoing (
    project_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    destination_id BIGINT NOT NULL,
    event_row BIGINT,
    event_type TEXT NOT NULL,
    body TEXT NOT NULL,
    queued_at BIGINT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'sent', 'failed')),
    due_at BIGINT NOT NULL,
    leased_by BIGINT,
    tries BIGINT NOT NULL,
    finished_at BIGINT NOT NULL,
    PRIMARY KEY (project_id, id),
    FOREIGN KEY (project_id, destination_id) REFERENCES destinations (project_id, id) ON DELETE CASCADE
);
CREATE INDEX outgoing_due ON outgoing (state, due_at);
CREATE INDEX outgoing_by_end ON outgoing (state, finished_at);
CREATE INDEX outgoing_of_event ON outgoing (project_id, event_row);
CREATE INDEX outgoing_of_destination ON outgoing (project_id, destination_id, id);
CREATE INDEX outgoing_by_state ON outgoing (project_id, state, destination_id);

CREATE TABLE delivery_attempts (
    project_id BIGINT NOT NULL,
    delivery_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    at BIGINT NOT NULL,
    took_ms BIGINT NOT NULL,
    request_headers TEXT NOT NULL,
    status BIGINT,
    response_body TEXT,
    problem TEXT,
    PRIMARY KEY (project_id, delivery_id, id),
    FOREIGN KEY (project_id, delivery_id) REFERENCES outgoing (project_id, id) ON DELETE CASCADE
);

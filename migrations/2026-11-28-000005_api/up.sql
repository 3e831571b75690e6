-- Keys of the client API, and webhooks to servers of the project's own.

-- The keys by which apps and servers call the REST API. Only hashes are kept.
CREATE TABLE api_keys (
    project_id BIGINT NOT NULL REFERENCES projects (id),
    id BIGINT NOT NULL,
    -- What people call the app or the server that holds it.
    name TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('public', 'secret')),
    -- Whose products an app sells; without one for a secret key.
    store TEXT,
    key_hash TEXT NOT NULL UNIQUE,
    -- Enough of the key to know it by.
    hint TEXT NOT NULL,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    used_at BIGINT,
    revoked_at BIGINT,
    CHECK ((store IS NULL) = (kind = 'secret')),
    PRIMARY KEY (project_id, id)
);

-- Webhook endpoints of a project. `authorization_value` is sent as it is and `secret` signs, so neither can be a hash. No
-- row in `webhook_endpoint_types` means every type. The `last_` columns describe the newest attempt.
CREATE TABLE webhook_endpoints (
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

CREATE TABLE webhook_endpoint_types (
    project_id BIGINT NOT NULL,
    endpoint_id BIGINT NOT NULL,
    type TEXT NOT NULL,
    PRIMARY KEY (project_id, endpoint_id, type),
    FOREIGN KEY (project_id, endpoint_id) REFERENCES webhook_endpoints (project_id, id) ON DELETE CASCADE
);

-- Deliveries to endpoints: what waits, and what became of the rest. Whoever sends one holds a lease: `leased_by` until
-- `next_attempt_at`.
CREATE TABLE webhook_deliveries (
    project_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    endpoint_id BIGINT NOT NULL,
    event_row BIGINT,
    event_type TEXT NOT NULL,
    body TEXT NOT NULL,
    queued_at BIGINT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'sent', 'failed')),
    next_attempt_at BIGINT NOT NULL,
    leased_by BIGINT,
    tries BIGINT NOT NULL,
    finished_at BIGINT NOT NULL,
    PRIMARY KEY (project_id, id),
    FOREIGN KEY (project_id, endpoint_id) REFERENCES webhook_endpoints (project_id, id) ON DELETE CASCADE
);
CREATE INDEX webhook_deliveries_by_next_attempt ON webhook_deliveries (state, next_attempt_at);
CREATE INDEX webhook_deliveries_by_end ON webhook_deliveries (state, finished_at);
CREATE INDEX webhook_deliveries_of_event ON webhook_deliveries (project_id, event_row);
CREATE INDEX webhook_deliveries_of_endpoint ON webhook_deliveries (project_id, endpoint_id, id);
CREATE INDEX webhook_deliveries_by_state ON webhook_deliveries (project_id, state, endpoint_id);

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
    FOREIGN KEY (project_id, delivery_id) REFERENCES webhook_deliveries (project_id, id) ON DELETE CASCADE
);

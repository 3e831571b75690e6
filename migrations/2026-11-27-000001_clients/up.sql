-- The keys by which apps and servers call the REST API, and what is known of their calls.

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

-- When an app was last opened under this id.
ALTER TABLE app_user_ids ADD COLUMN seen_at BIGINT;

-- When an app last asked what the customer may use, and which offering is theirs.
ALTER TABLE customers ADD COLUMN info_fetched_at BIGINT;
ALTER TABLE customers ADD COLUMN offerings_fetched_at BIGINT;

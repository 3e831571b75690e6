-- How a project is connected to RevenueCat, or to another Dossier in its place. Without a row it only takes webhooks.
CREATE TABLE connections (
    project_id BIGINT PRIMARY KEY REFERENCES projects (id) ON DELETE CASCADE,
    -- The project's id there, and where its API is.
    upstream_project TEXT NOT NULL,
    base_url TEXT NOT NULL,
    -- Secret keys of the two versions of the API, sealed.
    v2_key BYTEA NOT NULL,
    v1_key BYTEA,
    keys_set_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    -- Since when nothing is sent: until somebody confirms that this database may act there.
    suspended_at BIGINT,
    -- What the last check found, as JSON.
    checked_at BIGINT,
    findings TEXT
);

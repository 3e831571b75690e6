-- Times are milliseconds since 1970 (UTC), money is micro-units of a currency. BYTEA is a plain byte string on both
-- databases: it is compared byte by byte, whatever the locale.
--
-- Projects, the people who work in them, and how they log in.

-- What a team works with. `webhook_secret_hash` is of the Authorization value that RevenueCat sends; a replaced one counts
-- until `old_webhook_secret_until`.
CREATE TABLE projects (
    id BIGINT NOT NULL PRIMARY KEY,
    slug TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    webhook_secret_hash TEXT NOT NULL,
    transfer_behavior TEXT NOT NULL,
    sandbox_transfer_behavior TEXT,
    created_at BIGINT NOT NULL,
    note_length BIGINT NOT NULL DEFAULT 255,
    note_count BIGINT NOT NULL DEFAULT 10,
    others_may_delete BOOLEAN NOT NULL DEFAULT FALSE,
    requires_second_factor BOOLEAN NOT NULL DEFAULT FALSE,
    overrides_only_tests BOOLEAN NOT NULL DEFAULT FALSE,
    webhook_secret_set_at BIGINT,
    old_webhook_secret_hash TEXT,
    old_webhook_secret_until BIGINT
);

-- Those who log in. `second_factor_at`: since when the log-in asks for a code. `seen_at`: the last log-in. `closed_at`: the
-- account is closed; its row stays for the name beside what the person did.
CREATE TABLE people (
    id BIGINT NOT NULL PRIMARY KEY,
    email TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    time_zone TEXT,
    theme TEXT NOT NULL DEFAULT 'system' CHECK (theme IN ('system', 'light', 'dark')),
    second_factor_at BIGINT,
    seen_at BIGINT,
    closed_at BIGINT
);

CREATE TABLE memberships (
    project_id BIGINT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    person_id BIGINT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    role TEXT NOT NULL CHECK (role IN ('viewer', 'support', 'developer', 'admin')),
    PRIMARY KEY (project_id, person_id)
);
CREATE INDEX memberships_of_person ON memberships (person_id);

-- Log-ins. `person_awaiting_code_id`: who typed the right password and has not yet typed the code of the second factor.
-- `proved_at`: the last time the person typed a password or a code.
CREATE TABLE sessions (
    key_hash TEXT NOT NULL PRIMARY KEY,
    person_id BIGINT REFERENCES people (id) ON DELETE CASCADE,
    state TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    used_at BIGINT NOT NULL,
    proved_at BIGINT NOT NULL DEFAULT 0,
    person_awaiting_code_id BIGINT,
    browser TEXT NOT NULL DEFAULT ''
);
CREATE INDEX sessions_of_person ON sessions (person_id);
CREATE INDEX sessions_by_age ON sessions (used_at);

-- Failed checks of passwords, codes and invitation links, counted by keyed hashes of account and address.
CREATE TABLE login_attempts (
    scope TEXT NOT NULL,
    subject_hash TEXT NOT NULL,
    id BIGINT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (scope, subject_hash, id)
);
CREATE INDEX login_attempts_by_age ON login_attempts (at);

-- Keys that the program makes for itself, so that all its processes have the same.
CREATE TABLE secrets (
    name TEXT NOT NULL PRIMARY KEY,
    value BYTEA NOT NULL
);

-- `last_step`: the time step of the newest code that was used, so that each code works once.
CREATE TABLE second_factors (
    person_id BIGINT NOT NULL PRIMARY KEY REFERENCES people (id) ON DELETE CASCADE,
    secret BYTEA NOT NULL,
    last_step BIGINT NOT NULL
);

CREATE TABLE recovery_codes (
    person_id BIGINT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    code_hash TEXT NOT NULL,
    PRIMARY KEY (person_id, code_hash)
);

-- Links that let one person join a project once.
CREATE TABLE invitations (
    project_id BIGINT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    id BIGINT NOT NULL,
    token_hash TEXT NOT NULL UNIQUE,
    email TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('viewer', 'support', 'developer', 'admin')),
    invited_by BIGINT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (project_id, id)
);
CREATE INDEX invitations_of_person ON invitations (invited_by);

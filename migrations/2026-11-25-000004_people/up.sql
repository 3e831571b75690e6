-- People: their own account, second factors, invitations.

-- How pages look to somebody. `second_factor_at`: since when the log-in asks for a code. `seen_at`: the last request.
-- `closed_at`: the account is closed; its row stays for the name under what the person did.
ALTER TABLE people ADD COLUMN time_zone TEXT;
ALTER TABLE people ADD COLUMN theme TEXT NOT NULL DEFAULT 'system' CHECK (theme IN ('system', 'light', 'dark'));
ALTER TABLE people ADD COLUMN second_factor_at BIGINT;
ALTER TABLE people ADD COLUMN seen_at BIGINT;
ALTER TABLE people ADD COLUMN closed_at BIGINT;

-- The secret that the person's app has as well. The server must compute the same codes, so it cannot be a hash.
-- A code works once: those up to `last_step` are used up.
CREATE TABLE second_factors (
    person_id BIGINT NOT NULL PRIMARY KEY REFERENCES people (id) ON DELETE CASCADE,
    secret BYTEA NOT NULL,
    last_step BIGINT NOT NULL
);

-- For somebody without their app. Each works once: its row goes.
CREATE TABLE recovery_codes (
    person_id BIGINT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    code_hash TEXT NOT NULL,
    PRIMARY KEY (person_id, code_hash)
);

-- Open invitations; an accepted one goes. The token itself is only in the link.
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

ALTER TABLE projects ADD COLUMN requires_second_factor BOOLEAN NOT NULL DEFAULT FALSE;

-- `half_in`: whose password was right while the second factor is still to come; such a session has no `person_id`, so
-- no page knows it. `browser`: in words.
ALTER TABLE sessions ADD COLUMN half_in BIGINT;
ALTER TABLE sessions ADD COLUMN browser TEXT NOT NULL DEFAULT '';

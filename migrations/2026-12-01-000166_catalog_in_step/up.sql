-- Whether the catalog of a connected project follows that of the other side.
ALTER TABLE connections ADD COLUMN catalog_in_step BOOLEAN NOT NULL DEFAULT FALSE;

-- What the last comparison with the other side's catalog has read, and when the next one is due.
CREATE TABLE catalog_comparisons (
    project_id BIGINT PRIMARY KEY REFERENCES connections (project_id) ON DELETE CASCADE,
    -- When it is read next; NULL until somebody asks. Whoever reads has it alone until the lease ends.
    due_at BIGINT,
    lease_until BIGINT,
    -- What was read, as JSON, and when.
    found TEXT,
    found_at BIGINT,
    -- Why it could not be read the last time; NULL when it could.
    failure TEXT,
    failed_at BIGINT,
    -- What following it did the last time.
    done TEXT,
    done_at BIGINT
);

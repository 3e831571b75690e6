-- `erases`: the positions of the entries whose details went with this one (`3-5,17`), as part of what its hash covers. NULL
-- in entries of earlier versions, which listed nothing.
ALTER TABLE audit_entries ADD COLUMN erases TEXT;

-- Details that are gone and that no entry lists yet: the entry of the erasure takes them.
CREATE TABLE audit_erased (
    project_id BIGINT NOT NULL,
    position BIGINT NOT NULL,
    PRIMARY KEY (project_id, position),
    FOREIGN KEY (project_id, position) REFERENCES audit_entries (project_id, position) ON DELETE CASCADE
);

-- What a deletion has erased that is not done yet. Its entry comes last.
INSERT INTO audit_erased (project_id, position)
SELECT audit_entries.project_id, audit_entries.position
FROM audit_entries
LEFT JOIN audit_details
    ON audit_details.project_id = audit_entries.project_id AND audit_details.position = audit_entries.position
WHERE (audit_details.position IS NULL OR audit_details.salt = '' AND audit_details.body = '')
    AND audit_entries.project_id IN (SELECT project_id FROM deletion_jobs WHERE finished_at IS NULL);

-- What was refused to somebody again after it had its entry. An hour after that entry the number gets one of its own.
CREATE TABLE repeated_refusals (
    project_id BIGINT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    person_id BIGINT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    role TEXT NOT NULL,
    permission TEXT NOT NULL,
    first_at BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    times BIGINT NOT NULL,
    PRIMARY KEY (project_id, person_id, role, permission)
);
CREATE INDEX repeated_refusals_by_age ON repeated_refusals (first_at);

-- What the settings pages read and keep.

-- The log, newest first, by whoever did it and by what was done.
DROP INDEX audit_entries_by_actor;
CREATE INDEX audit_entries_by_actor ON audit_entries (project_id, actor_kind, actor_id, at, position);
DROP INDEX audit_entries_by_action;
CREATE INDEX audit_entries_by_action ON audit_entries (project_id, action, at, position);

-- When the webhook secret was last changed, and the one before it for as long as it still counts.
ALTER TABLE projects ADD COLUMN webhook_secret_set_at BIGINT;
ALTER TABLE projects ADD COLUMN old_webhook_secret_hash TEXT;
ALTER TABLE projects ADD COLUMN old_webhook_secret_until BIGINT;

-- How many customers have bought a product, and have it now.
CREATE INDEX purchases_of_product ON purchases (product_id, ends_at, customer_id);

-- One default offering at most, whoever writes at the same time.
UPDATE offerings SET is_default = FALSE
    WHERE is_default AND EXISTS (
        SELECT 1 FROM offerings AS other
        WHERE other.project_id = offerings.project_id AND other.is_default AND other.identifier < offerings.identifier
    );
CREATE UNIQUE INDEX offerings_one_default ON offerings (project_id) WHERE is_default;

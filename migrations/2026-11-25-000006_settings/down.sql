DROP INDEX offerings_one_default;
DROP INDEX purchases_of_product;
ALTER TABLE projects DROP COLUMN old_webhook_secret_until;
ALTER TABLE projects DROP COLUMN old_webhook_secret_hash;
ALTER TABLE projects DROP COLUMN webhook_secret_set_at;
DROP INDEX audit_entries_by_action;
CREATE INDEX audit_entries_by_action ON audit_entries (project_id, action, position);
DROP INDEX audit_entries_by_actor;
CREATE INDEX audit_entries_by_actor ON audit_entries (project_id, actor_id, position);

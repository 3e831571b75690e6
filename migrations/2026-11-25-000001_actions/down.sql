ALTER TABLE projects DROP COLUMN note_count;
ALTER TABLE projects DROP COLUMN note_length;
ALTER TABLE sessions DROP COLUMN proved_at;
ALTER TABLE notes DROP COLUMN edited_by_id;
ALTER TABLE notes DROP COLUMN author_id;
DROP TABLE receipts;
DROP TABLE audit_details;
DROP TABLE audit_entries;

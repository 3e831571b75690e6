ALTER TABLE projects DROP COLUMN list_export_role;

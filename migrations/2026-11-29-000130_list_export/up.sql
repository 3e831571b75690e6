-- The lowest role that may download lists of customers. Until now viewers could, whatever the project wanted.
ALTER TABLE projects ADD COLUMN list_export_role TEXT NOT NULL DEFAULT 'admin'
    CHECK (list_export_role IN ('viewer', 'support', 'developer', 'admin'));

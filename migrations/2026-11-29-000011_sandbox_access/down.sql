ALTER TABLE projects DROP COLUMN sandbox_testers;
ALTER TABLE projects DROP COLUMN sandbox_access;

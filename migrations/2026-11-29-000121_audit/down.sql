-- An earlier version takes entries that list something for changed ones.
DROP TABLE repeated_refusals;
DROP TABLE audit_erased;
ALTER TABLE audit_entries DROP COLUMN erases;

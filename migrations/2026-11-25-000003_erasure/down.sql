ALTER TABLE projects DROP COLUMN others_may_delete;
DROP TABLE deletion_choices;
DROP TABLE deletion_jobs;
DROP TABLE sweeps;
DROP TABLE inherited_events;
DROP TABLE blocked_ids;
DROP TABLE blocked_customers;
DROP TABLE tombstones;

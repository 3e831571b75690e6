ALTER TABLE projects DROP COLUMN overrides_only_tests;
DROP TABLE test_customers;
CREATE TABLE overrides_before (
    customer_id BIGINT NOT NULL PRIMARY KEY REFERENCES customers (id) ON DELETE CASCADE,
    offering TEXT NOT NULL,
    set_by TEXT NOT NULL,
    set_at BIGINT NOT NULL,
    until BIGINT,
    reason TEXT
);
INSERT INTO overrides_before SELECT customer_id, offering, set_by, set_at, until, reason FROM offering_overrides;
DROP TABLE offering_overrides;
ALTER TABLE overrides_before RENAME TO offering_overrides;

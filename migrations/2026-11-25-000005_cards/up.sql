-- Overrides get their project, by which a page lists them, whoever set them, and whether their end was told in the history.
CREATE TABLE overrides_of_projects (
    customer_id BIGINT NOT NULL PRIMARY KEY REFERENCES customers (id) ON DELETE CASCADE,
    project_id BIGINT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    offering TEXT NOT NULL,
    set_by TEXT NOT NULL,
    set_by_id BIGINT,
    set_at BIGINT NOT NULL,
    until BIGINT,
    reason TEXT,
    is_end_told BOOLEAN NOT NULL
);
INSERT INTO overrides_of_projects (customer_id, project_id, offering, set_by, set_at, until, reason, is_end_told)
    SELECT customer_id, customers.project_id, offering, set_by, set_at, until, reason, FALSE
    FROM offering_overrides INNER JOIN customers ON customers.id = offering_overrides.customer_id;
DROP TABLE offering_overrides;
ALTER TABLE overrides_of_projects RENAME TO offering_overrides;
CREATE INDEX offering_overrides_of_project ON offering_overrides (project_id, until, set_at, customer_id);
CREATE INDEX offering_overrides_by_end ON offering_overrides (is_end_told, until, customer_id);

-- Customers whom somebody of the team uses for testing.
CREATE TABLE test_customers (
    customer_id BIGINT NOT NULL REFERENCES customers (id) ON DELETE CASCADE,
    person_id BIGINT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    at BIGINT NOT NULL,
    PRIMARY KEY (customer_id, person_id)
);
CREATE INDEX test_customers_of_person ON test_customers (person_id, at, customer_id);

-- Whether developers may override the offering of test customers only: those without a production purchase.
ALTER TABLE projects ADD COLUMN overrides_only_tests BOOLEAN NOT NULL DEFAULT FALSE;

-- The virtual currencies of a project, as events name them: since when, and what the newest event that has a name calls them.
CREATE TABLE virtual_currencies (
    project_id BIGINT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    first_at BIGINT NOT NULL,
    named_at BIGINT NOT NULL,
    PRIMARY KEY (project_id, code)
);
INSERT INTO virtual_currencies (project_id, code, name, first_at, named_at)
SELECT customers.project_id, balances.code, MAX(balances.name), MIN(balances.named_at), MAX(balances.named_at)
FROM balances
JOIN customers ON customers.id = balances.customer_id
GROUP BY customers.project_id, balances.code;
-- Whether anybody else has a currency, when a customer is erased.
CREATE INDEX balances_by_code ON balances (code, customer_id);

DROP TABLE rejected_words;
ALTER TABLE rejected_deliveries RENAME TO new_rejected_deliveries;
/*postgres ALTER INDEX rejected_deliveries_pkey RENAME TO new_rejected_deliveries_pkey; */

CREATE TABLE rejected_deliveries (
    project_id BIGINT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    id BIGINT NOT NULL,
    received_at BIGINT NOT NULL,
    reason TEXT NOT NULL,
    body BYTEA NOT NULL,
    PRIMARY KEY (project_id, id)
);

INSERT INTO rejected_deliveries (project_id, id, received_at, reason, body)
SELECT project_id, id, received_at, reason, body
FROM new_rejected_deliveries;

DROP TABLE new_rejected_deliveries;
